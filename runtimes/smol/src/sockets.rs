//! Echo over loopback TCP, direct and through a proxy.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use async_channel::{Receiver, Sender};
use futures_util::future::{Either, FutureExt, select, try_join};
use futures_util::io::{BufReader, copy_buf};
use futures_util::stream::{FuturesUnordered, StreamExt};
use rust_common::latency::Recorder;
use rust_common::scenarios::{Proxy, Through};
use rust_common::sockets::{
    BUFFER_BYTES, SHORTAGE_PAUSE, check_descriptors, listen_on_loopback, reset_when_closed,
    wrong_answer,
};
use rust_common::work::fill;
use rust_common::{Failure, Outcome};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use smol::{Async, Task, Timer};

use crate::Spawner;

pub async fn proxy(ex: Spawner, p: Proxy, latency: Arc<Recorder>) -> Outcome {
    check_descriptors(p.descriptors())?;
    let echo = Server::start(ex, |peer| async move {
        // A peer that resets its connection is how a client ends.
        let _ = echo(peer).await;
    })?;
    let echoed = match p.through {
        Through::Direct => drive(ex, p, echo.address, latency).await,
        Through::Proxy => drive_through_proxy(ex, p, echo.address, latency).await,
    };
    echo.stop().await;
    echoed
}

async fn drive_through_proxy(
    ex: Spawner,
    p: Proxy,
    upstream: SocketAddr,
    latency: Arc<Recorder>,
) -> Outcome {
    let proxy = Server::start(ex, move |client| async move {
        // Whatever ended it, both sides have been told.
        let _ = relay(client, upstream).await;
    })?;
    let echoed = drive(ex, p, proxy.address, latency).await;
    proxy.stop().await;
    echoed
}

/// A door, and the task that accepts whoever comes in.
struct Server {
    address: SocketAddr,
    stop: Sender<()>,
    accepting: Task<()>,
}

impl Server {
    /// Serves each connection with `serve`, as a task of its own.
    fn start<F>(
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
        let accepting = ex.spawn(accept(ex, door, stopped, serve));
        Ok(Server {
            address,
            stop,
            accepting,
        })
    }

    /// Nobody comes in any more; waits until all that are there have ended.
    async fn stop(self) {
        self.stop.close();
        self.accepting.await;
    }
}

/// smol's own `bind` leaves the backlog to the standard library.
fn listen() -> io::Result<TcpListener> {
    Ok(Async::new(listen_on_loopback()?)?.into())
}

async fn accept<F>(
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
async fn relay(client: TcpStream, upstream: SocketAddr) -> io::Result<()> {
    let upstream = match connect(upstream).await {
        Ok(upstream) => upstream,
        Err(error) => {
            reset_when_closed(&client)?;
            return Err(error);
        }
    };
    let up = carry(client.clone(), upstream.clone());
    let down = carry(upstream.clone(), client.clone());
    let ended = try_join(up, down).await;
    if ended.is_err() {
        reset_when_closed(&client)?;
        reset_when_closed(&upstream)?;
    }
    ended.map(drop)
}

/// One way. When one side has finished writing, the other is told so.
async fn carry(from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    copy_buf(BufReader::with_capacity(BUFFER_BYTES, from), &mut to).await?;
    to.close().await
}

/// Connects all clients, then lets all begin.
async fn drive(ex: Spawner, p: Proxy, address: SocketAddr, latency: Arc<Recorder>) -> Outcome {
    let begin = Instant::now();
    let connecting: Vec<_> = (0..p.connections)
        .map(|_| ex.spawn(connect(address)))
        .collect();
    let mut connected = Vec::with_capacity(connecting.len());
    for connection in connecting {
        connected.push(connection.await.map_err(Failure::of("cannot connect"))?);
    }
    latency.count_since("setup_ns", begin);

    let mut clients: FuturesUnordered<_> = connected
        .into_iter()
        .zip(0..)
        .map(|(stream, i)| ex.spawn(ask(stream, i, p, Arc::clone(&latency))))
        .collect();
    let mut echoed = 0;
    while let Some(right_bytes) = clients.next().await {
        echoed += right_bytes?;
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
    reset_when_closed(&server).map_err(Failure::of("cannot reset"))?;
    Ok(right_bytes)
}
