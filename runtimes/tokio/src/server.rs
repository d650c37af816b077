//! Listening, accepting, connecting: what all scenarios with sockets have.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use rust_common::Failure;
use rust_common::sockets::{BACKLOG, BUFFER_BYTES, SHORTAGE_PAUSE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::failed;

/// A door, and the task that accepts whoever comes in.
pub struct Server {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves each connection with `serve`, as a task of its own.
    pub fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Result<Server, Failure>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let door = listen().map_err(Failure::of("cannot listen on loopback"))?;
        let address = door
            .local_addr()
            .map_err(Failure::of("cannot listen on loopback"))?;
        let (stop, stopped) = oneshot::channel();
        let accepting = tokio::spawn(accept(door, stopped, serve));
        Ok(Server {
            address,
            stop,
            accepting,
        })
    }

    /// Nobody comes in any more; waits until all that are there have ended.
    pub async fn stop(self) -> Result<(), Failure> {
        drop(self.stop);
        self.accepting.await.map_err(failed)
    }
}

pub fn listen() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    socket.listen(BACKLOG)
}

async fn accept<F>(
    door: TcpListener,
    mut stopped: oneshot::Receiver<()>,
    serve: impl Fn(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = door.accept() => match accepted {
                Ok((peer, _)) => {
                    // It works without, only slower.
                    let _ = peer.set_nodelay(true);
                    connections.spawn(serve(peer));
                }
                // No descriptor or no memory: whoever is served will leave some.
                Err(_) => tokio::time::sleep(SHORTAGE_PAUSE).await,
            },
            // Those that have ended are forgotten at once.
            Some(_) = connections.join_next() => {}
            _ = &mut stopped => break,
        }
    }
    drop(door);
    connections.join_all().await;
}

/// A server that echoes whatever comes.
pub fn echo_server() -> Result<Server, Failure> {
    Server::start(|peer| async move {
        // A peer that resets its connection is how a client ends.
        let _ = echo(peer).await;
    })
}

async fn echo(mut peer: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match peer.read(&mut buffer).await? {
            0 => return Ok(()),
            count => peer.write_all(&buffer[..count]).await?,
        }
    }
}

pub async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Both ends of one connection.
pub async fn connected_pair() -> io::Result<(TcpStream, TcpStream)> {
    let door = listen()?;
    let client = connect(door.local_addr()?).await?;
    let (peer, _) = door.accept().await?;
    peer.set_nodelay(true)?;
    Ok((client, peer))
}
