//! Listening, accepting and connecting: what all scenarios with sockets have.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;

use async_std::channel::{self, Receiver, Sender};
use async_std::io::{ReadExt, WriteExt};
use async_std::net::{TcpListener, TcpStream};
use async_std::task::{self, JoinHandle};
use futures_util::future::{Either, FutureExt, select, try_join};
use futures_util::stream::{FuturesUnordered, StreamExt};
use rust_common::Failure;
use rust_common::sockets::{BUFFER_BYTES, SHORTAGE_PAUSE, listen_on_loopback};

/// A door, and the task that accepts whoever comes in.
pub struct Server {
    pub address: SocketAddr,
    stop: Sender<()>,
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
        let (stop, stopped) = channel::bounded(1);
        let accepting = task::spawn(serve_all(door, stopped, serve));
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

/// async-std's own `bind` leaves the backlog to the standard library.
pub fn listen() -> io::Result<TcpListener> {
    listen_on_loopback().map(TcpListener::from)
}

async fn serve_all<F>(door: TcpListener, stopped: Receiver<()>, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = FuturesUnordered::new();
    let mut end = pin!(stopped.recv());
    while let Either::Left((accepted, _)) = select(pin!(door.accept()), end.as_mut()).await {
        let Ok((peer, _)) = accepted else {
            // No descriptor or no memory: whoever is served will leave some.
            task::sleep(SHORTAGE_PAUSE).await;
            continue;
        };
        // It works without, only slower.
        let _ = peer.set_nodelay(true);
        // Those that have ended are forgotten at once.
        while let Some(Some(())) = connections.next().now_or_never() {}
        connections.push(task::spawn(serve(peer)));
    }
    drop(door);
    connections.collect::<()>().await;
}

/// A server that echoes whatever comes.
pub fn echo_server() -> Result<Server, Failure> {
    Server::start(echo_back)
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
    let (client, (peer, _)) = try_join(connect(address), door.accept()).await?;
    peer.set_nodelay(true)?;
    Ok((client, peer))
}
