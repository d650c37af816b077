//! The least echo server on Tokio: prints the port that it listens on, and echoes every connection until
//! its own input ends.

use std::error::Error;
use std::io::{self, Write};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;

const BUFFER_BYTES: usize = 16 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = match std::env::args().nth(1).as_deref() {
        Some("--variant=current_thread") => Builder::new_current_thread().enable_all().build(),
        None | Some("--variant=multi_thread") => Builder::new_multi_thread().enable_all().build(),
        _ => Err(io::Error::other(
            "usage: small_tokio_echo [--variant=multi_thread|current_thread]",
        )),
    }?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        io::stdout().flush()?;
        tokio::spawn(accept(listener));
        spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
        Ok(())
    })
}

async fn accept(listener: TcpListener) {
    // Without a descriptor or memory for one more, the server has no use.
    while let Ok((peer, _)) = listener.accept().await {
        tokio::spawn(echo(peer));
    }
}

async fn echo(mut peer: TcpStream) -> io::Result<()> {
    peer.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match peer.read(&mut buffer).await? {
            0 => return Ok(()),
            count => peer.write_all(&buffer[..count]).await?,
        }
    }
}
