//! A TCP proxy as Tokio's documentation writes it: an accept loop, a task for each connection, and
//! `copy_bidirectional` in it. It prints `listening on 127.0.0.1:4711` and `ready`, and goes on until it
//! is killed.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};

const USAGE: &str = "usage: tokio_proxy --listen ADDR --upstream ADDR [--threads N]";

/// As large as those of nginx and HAProxy. Tokio's default would be 8 KiB.
const BUFFER_BYTES: usize = 16 * 1024;

/// As many as the other proxies let wait.
const BACKLOG: u32 = 4096;

struct Wishes {
    listen: SocketAddr,
    upstream: SocketAddr,
    threads: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some("--version") {
        println!("tokio_proxy on {}", env!("TOKIO_VERSION"));
        return Ok(());
    }
    let wishes = read_wishes(std::env::args().skip(1))?;
    runtime(wishes.threads)?.block_on(serve(wishes))?;
    Ok(())
}

fn read_wishes(mut words: impl Iterator<Item = String>) -> Result<Wishes, Box<dyn Error>> {
    let (mut listen, mut upstream, mut threads) = (None, None, 1);
    while let Some(option) = words.next() {
        let value = words.next().ok_or(USAGE)?;
        match option.as_str() {
            "--listen" => listen = Some(value.parse()?),
            "--upstream" => upstream = Some(value.parse()?),
            "--threads" => threads = value.parse()?,
            _ => return Err(USAGE.into()),
        }
    }
    Ok(Wishes {
        listen: listen.ok_or(USAGE)?,
        upstream: upstream.ok_or(USAGE)?,
        threads,
    })
}

/// One thread is what the scheduler for one thread is made for.
fn runtime(threads: usize) -> io::Result<Runtime> {
    match threads {
        0 => Builder::new_multi_thread()
            .enable_io()
            .enable_time()
            .build(),
        1 => Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build(),
        more => Builder::new_multi_thread()
            .worker_threads(more)
            .enable_io()
            .enable_time()
            .build(),
    }
}

async fn serve(wishes: Wishes) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(wishes.listen)?;
    let listener = socket.listen(BACKLOG)?;
    println!("listening on {}", listener.local_addr()?);
    println!("ready");
    io::stdout().flush()?;
    // In a task: the thread in block_on() is none of the workers where there are several.
    tokio::spawn(accept(listener, wishes.upstream)).await?;
    Ok(())
}

async fn accept(listener: TcpListener, upstream: SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(relay(client, upstream));
            }
            // Out of descriptors: those that end give some back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// An error of either side ends both: the sockets are dropped.
async fn relay(mut client: TcpStream, upstream: SocketAddr) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER_BYTES, BUFFER_BYTES).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{Shutdown, TcpListener as Listener, TcpStream as Stream};
    use std::thread;

    use super::*;

    fn wishes(words: &[&str]) -> Result<Wishes, Box<dyn Error>> {
        read_wishes(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn it_wants_to_know_where_to_listen_and_where_to_connect() {
        let told = [
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            "127.0.0.1:9",
            "--threads",
            "3",
        ];
        assert_eq!(wishes(&told).map(|w| w.threads).ok(), Some(3));
        assert!(wishes(&told[..2]).is_err());
        assert!(wishes(&["--listen"]).is_err());
        assert!(wishes(&["--sing", "a song"]).is_err());
    }

    /// What a client sends goes there and comes back, and so does the end of it.
    #[test]
    fn it_relays_both_ways_until_both_have_ended() {
        for threads in [1, 2] {
            let server = Listener::bind("127.0.0.1:0").unwrap();
            let upstream = server.local_addr().unwrap();
            let echo = thread::spawn(move || {
                let (mut peer, _) = server.accept().unwrap();
                let mut got = Vec::new();
                peer.read_to_end(&mut got).unwrap();
                peer.write_all(&got).unwrap();
            });
            let sent = vec![7_u8; 100_000];
            let got = runtime(threads).unwrap().block_on(async {
                let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let entrance = door.local_addr().unwrap();
                tokio::spawn(accept(door, upstream));
                let sent = sent.clone();
                tokio::task::spawn_blocking(move || {
                    let mut client = Stream::connect(entrance).unwrap();
                    client.write_all(&sent).unwrap();
                    client.shutdown(Shutdown::Write).unwrap();
                    let mut got = Vec::new();
                    client.read_to_end(&mut got).unwrap();
                    got
                })
                .await
                .unwrap()
            });
            assert_eq!(got, sent);
            echo.join().unwrap();
        }
    }
}
