//! An echo server: prints its port, and serves until stdin ends.

use std::io::{Write, stdin, stdout};

use smol::io::{self, AsyncReadExt};
use smol::net::TcpListener;
use smol::{Executor, Unblock, future};

fn main() -> io::Result<()> {
    let executor = Executor::new();
    small_smol::run(&executor, future::or(serve(&executor), end_of_stdin()))
}

async fn serve(executor: &Executor<'_>) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    stdout().flush()?;
    loop {
        let (peer, _) = listener.accept().await?;
        peer.set_nodelay(true)?;
        executor
            .spawn(async move { io::copy(peer.clone(), peer).await })
            .detach();
    }
}

async fn end_of_stdin() -> io::Result<()> {
    let mut ignored = Vec::new();
    Unblock::new(stdin()).read_to_end(&mut ignored).await?;
    Ok(())
}
