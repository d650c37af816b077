//! Listening, accepting and connecting: what all scenarios with sockets have.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;

use async_channel::{Receiver, Sender};
use futures_util::future::{Either, FutureExt, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use rust_common::Failure;
use rust_common::sockets::{BUFFER_BYTES, SHORTAGE_PAUSE, listen_on_loopback};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use smol::{Async, Task, Timer, future};

use crate::Spawner;

/// A door, and the task that accepts whoever comes in.
pub struct Server {
    pub address: SocketAddr,
    stop: Sender<()>,
    accepting: Task<()>,
}

impl Server {
    /// Serves each connection with `serve`, as a task of its own.
    pub fn start<F>(
        ex: Spawner,
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Result<Server, Failure>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let door = listen().map_err(Failure::of("cannot listen on loopback"))?;
        let address = door
            .local_addr()
            .map_err(Failure::of("cannot listen on loopback"))?;
        let (stop, stopped) = async_channel::bounded(1);
        let accepting = ex.spawn(serve_all(ex, door, stopped, serve));
        Ok(Server {
            address,
            stop,
            accepting,
        })
    }

    /// Nobody comes in any more; waits until all that are there have ended.
    pub async fn stop(self) {
        self.stop.close();
        self.accepting.await;
    }
}

/// smol's own `bind` leaves the backlog to the standard library.
pub fn listen() -> io::Result<TcpListener> {
    Ok(Async::new(listen_on_loopback()?)?.into())
}

async fn serve_all<F>(
    ex: Spawner,
    door: TcpListener,
    stopped: Receiver<()>,
    serve: impl Fn(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = FuturesUnordered::new();
    let mut end = pin!(stopped.recv());
    while let Either::Left((accepted, _)) = select(pin!(door.accept()), end.as_mut()).await {
        let Ok((peer, _)) = accepted else {
            // No descriptor or no memory: whoever is served will leave some.
            Timer::after(SHORTAGE_PAUSE).await;
            continue;
        };
        // It works without, only slower.
        let _ = peer.set_nodelay(true);
        // Those that have ended are forgotten at once.
        while let Some(Some(())) = connections.next().now_or_never() {}
        connections.push(ex.spawn(serve(peer)));
    }
    drop(door);
    connections.collect::<()>().await;
}

/// A server that echoes whatever comes.
pub fn echo_server(ex: Spawner) -> Result<Server, Failure> {
    Server::start(ex, echo_back)
}

async fn echo_back(mut peer: TcpStream) {
    let mut buffer = vec![0; BUFFER_BYTES];
    // It ends with the stream, or because the peer has reset the connection: that is how a client
    // ends.
    while let Ok(count @ 1..) = peer.read(&mut buffer).await {
        if peer.write_all(&buffer[..count]).await.is_err() {
            return;
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
    let address = door.local_addr()?;
    let (client, (peer, _)) = future::try_zip(connect(address), door.accept()).await?;
    peer.set_nodelay(true)?;
    Ok((client, peer))
}
