//! Echo over loopback TCP, direct and through a proxy.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;
use rust_common::latency::Recorder;
use rust_common::scenarios::{Proxy, Through};
use rust_common::sockets::{
    BACKLOG, BUFFER_BYTES, SHORTAGE_PAUSE, check_descriptors, wrong_answer,
};
use rust_common::work::fill;
use rust_common::{Failure, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional_with_sizes};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::failed;

pub async fn proxy(p: Proxy, latency: Arc<Recorder>) -> Outcome {
    check_descriptors(p.descriptors())?;
    let echo = Server::start(|peer| async move {
        // A peer that resets its connection is how a client ends.
        let _ = echo(peer).await;
    })?;
    let echoed = match p.through {
        Through::Direct => drive(p, echo.address, latency).await,
        Through::Proxy => drive_through_proxy(p, echo.address, latency).await,
    };
    echo.stop().await?;
    echoed
}

async fn drive_through_proxy(p: Proxy, upstream: SocketAddr, latency: Arc<Recorder>) -> Outcome {
    let proxy = Server::start(move |client| async move {
        // Whatever ended it, both sides have been told.
        let _ = relay(client, upstream).await;
    })?;
    let echoed = drive(p, proxy.address, latency).await;
    proxy.stop().await?;
    echoed
}

/// A door, and the task that accepts whoever comes in.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves each connection with `serve`, as a task of its own.
    fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Result<Server, Failure>
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
    async fn stop(self) -> Result<(), Failure> {
        drop(self.stop);
        self.accepting.await.map_err(failed)
    }
}

fn listen() -> io::Result<TcpListener> {
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

async fn echo(mut peer: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match peer.read(&mut buffer).await? {
            0 => return Ok(()),
            count => peer.write_all(&buffer[..count]).await?,
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Carries bytes both ways until both have ended. An error resets both sides: no peer takes a
/// broken stream for a complete one.
async fn relay(mut client: TcpStream, upstream: SocketAddr) -> io::Result<()> {
    let mut upstream = match connect(upstream).await {
        Ok(upstream) => upstream,
        Err(error) => {
            client.set_zero_linger()?;
            return Err(error);
        }
    };
    let ended =
        copy_bidirectional_with_sizes(&mut client, &mut upstream, BUFFER_BYTES, BUFFER_BYTES).await;
    if ended.is_err() {
        client.set_zero_linger()?;
        upstream.set_zero_linger()?;
    }
    ended.map(drop)
}

/// Connects all clients, then lets all begin.
async fn drive(p: Proxy, address: SocketAddr, latency: Arc<Recorder>) -> Outcome {
    let begin = Instant::now();
    let connecting: Vec<_> = (0..p.connections)
        .map(|_| tokio::spawn(connect(address)))
        .collect();
    let connected = try_join_all(connecting).await.map_err(failed)?;
    let connected: Vec<_> = connected
        .into_iter()
        .collect::<io::Result<_>>()
        .map_err(Failure::of("cannot connect"))?;
    latency.count_since("setup_ns", begin);

    let mut clients = JoinSet::new();
    for (stream, i) in connected.into_iter().zip(0..) {
        clients.spawn(ask(stream, i, p, Arc::clone(&latency)));
    }
    let mut echoed = 0;
    while let Some(client) = clients.join_next().await {
        echoed += client.map_err(failed)??;
    }
    Ok(echoed)
}

/// A client. Answers how many bytes came back right.
async fn ask(mut server: TcpStream, client: u64, p: Proxy, latency: Arc<Recorder>) -> Outcome {
    let mut question = vec![0; p.message_bytes as usize]; // Safe because usize has 64 bits here.
    let mut answer = question.clone();
    let mut right_bytes = 0;
    for round in 0..p.round_trips {
        fill(&mut question, client, round);
        let begin = Instant::now();
        server
            .write_all(&question)
            .await
            .map_err(Failure::of("cannot send"))?;
        server.read_exact(&mut answer).await.map_err(wrong_answer)?;
        latency.record_since(begin);
        if answer == question {
            right_bytes += p.message_bytes;
        }
    }
    server
        .set_zero_linger()
        .map_err(Failure::of("cannot reset"))?;
    Ok(right_bytes)
}
