//! An echo server: prints its port, and serves until stdin ends.

use std::io::{Write, stdout};

use async_std::io::{self, ReadExt};
use async_std::net::TcpListener;
use async_std::task;

fn main() -> io::Result<()> {
    task::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        stdout().flush()?;
        let serving = task::spawn(serve(listener));
        let mut ignored = Vec::new();
        io::stdin().read_to_end(&mut ignored).await?;
        serving.cancel().await.unwrap_or(Ok(()))
    })
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (peer, _) = listener.accept().await?;
        peer.set_nodelay(true)?;
        task::spawn(async move { io::copy(&mut &peer, &mut &peer).await });
    }
}
