//! Loopback TCP: echo, direct and through a proxy, and connections that come and go.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use async_channel::Receiver;
use futures_util::future::{Either, select, try_join};
use futures_util::io::{BufReader, copy_buf};
use futures_util::stream::{FuturesUnordered, StreamExt};
use rust_common::latency::Recorder;
use rust_common::message::share_of;
use rust_common::scenarios::{Accept, ConnectChurn, Echo, Proxy, Through};
use rust_common::sockets::{
    BUFFER_BYTES, SHORTAGE_PAUSE, check_descriptors, reset_when_closed, wrong_answer,
};
use rust_common::work::fill;
use rust_common::{Failure, Outcome};
use smol::Timer;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};

use crate::Spawner;
use crate::server::{Server, connect, echo_server, listen};
use crate::tasks::joined;

pub async fn proxy(ex: Spawner, p: Proxy, latency: Arc<Recorder>) -> Outcome {
    check_descriptors(p.descriptors())?;
    let server = echo_server(ex)?;
    let echoed = match p.through {
        Through::Direct => drive(ex, p, server.address, latency).await,
        Through::Proxy => drive_through_proxy(ex, p, server.address, latency).await,
    };
    server.stop().await;
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
    let connected = connect_all(ex, p.connections, address).await?;
    latency.count_since("setup_ns", begin);
    hang_up(talk(ex, connected, p, latency).await?)
}

pub async fn echo(ex: Spawner, p: Echo, latency: Arc<Recorder>) -> Outcome {
    check_descriptors(p.descriptors())?;
    let server = echo_server(ex)?;
    let echoed = drive_on_the_clock(ex, p, server.address, latency).await;
    server.stop().await;
    echoed
}

async fn drive_on_the_clock(
    ex: Spawner,
    p: Echo,
    address: SocketAddr,
    latency: Arc<Recorder>,
) -> Outcome {
    let connected = connect_all(ex, p.connections, address).await?;
    latency.start_clock();
    let clients = talk(ex, connected, p.into(), Arc::clone(&latency)).await;
    latency.stop_clock();
    hang_up(clients?)
}

async fn connect_all(
    ex: Spawner,
    connections: u64,
    address: SocketAddr,
) -> Result<Vec<TcpStream>, Failure> {
    let connecting: Vec<_> = (0..connections)
        .map(|_| ex.spawn(connect(address)))
        .collect();
    let mut connected = Vec::with_capacity(connecting.len());
    for connection in connecting {
        connected.push(connection.await.map_err(Failure::of("cannot connect"))?);
    }
    Ok(connected)
}

/// A client that has said all it had to say, and how many bytes came back to it right.
struct Client {
    server: TcpStream,
    right_bytes: u64,
}

async fn talk(
    ex: Spawner,
    connected: Vec<TcpStream>,
    p: Proxy,
    latency: Arc<Recorder>,
) -> Result<Vec<Client>, Failure> {
    let mut talking: FuturesUnordered<_> = connected
        .into_iter()
        .zip(0..)
        .map(|(server, i)| ex.spawn(ask(server, i, p, Arc::clone(&latency))))
        .collect();
    let mut clients = Vec::with_capacity(talking.len());
    while let Some(client) = talking.next().await {
        clients.push(client?);
    }
    Ok(clients)
}

async fn ask(
    mut server: TcpStream,
    client: u64,
    p: Proxy,
    latency: Arc<Recorder>,
) -> Result<Client, Failure> {
    let mut exchange = Exchange::of(p.message_bytes);
    let mut right_bytes = 0;
    for round in 0..p.round_trips {
        exchange.fill(client, round);
        let begin = Instant::now();
        exchange.run(&mut server).await?;
        latency.record_since(begin);
        right_bytes += exchange.right_bytes();
    }
    Ok(Client {
        server,
        right_bytes,
    })
}

/// Ends all connections. Answers how many bytes came back right.
fn hang_up(clients: Vec<Client>) -> Outcome {
    let mut right_bytes = 0;
    for client in clients {
        reset_when_closed(&client.server).map_err(Failure::of("cannot reset"))?;
        right_bytes += client.right_bytes;
    }
    Ok(right_bytes)
}

/// A message, and room for what comes back.
struct Exchange {
    question: Vec<u8>,
    answer: Vec<u8>,
}

impl Exchange {
    fn of(bytes: u64) -> Self {
        let room = vec![0; bytes as usize]; // Safe because usize has 64 bits here.
        Self {
            question: room.clone(),
            answer: room,
        }
    }

    fn fill(&mut self, client: u64, round: u64) {
        fill(&mut self.question, client, round);
    }

    async fn run(&mut self, server: &mut TcpStream) -> Result<(), Failure> {
        server
            .write_all(&self.question)
            .await
            .map_err(Failure::of("cannot send"))?;
        server
            .read_exact(&mut self.answer)
            .await
            .map_err(wrong_answer)
    }

    fn right_bytes(&self) -> u64 {
        if self.answer == self.question {
            self.question.len() as u64
        } else {
            0
        }
    }
}

pub async fn connect_churn(ex: Spawner, p: ConnectChurn, latency: Arc<Recorder>) -> Outcome {
    check_descriptors(p.descriptors())?;
    let server = echo_server(ex)?;
    let clients = (0..p.clients)
        .map(|i| ex.spawn(come_and_go(i, p, server.address, Arc::clone(&latency))))
        .collect();
    let right = joined(clients).await;
    server.stop().await;
    right
}

/// Answers how many of its messages came back right.
async fn come_and_go(
    client: u64,
    p: ConnectChurn,
    address: SocketAddr,
    latency: Arc<Recorder>,
) -> Outcome {
    let mut exchange = Exchange::of(p.message_bytes);
    let mut right = 0;
    for churn in 0..p.churns {
        exchange.fill(client, churn);
        let begin = Instant::now();
        let mut server = connect(address)
            .await
            .map_err(Failure::of("cannot connect"))?;
        exchange.run(&mut server).await?;
        reset_when_closed(&server).map_err(Failure::of("cannot reset"))?;
        drop(server);
        latency.record_since(begin);
        right += u64::from(exchange.right_bytes() == p.message_bytes);
    }
    Ok(right)
}

pub async fn accept(ex: Spawner, p: Accept) -> Outcome {
    check_descriptors(p.descriptors())?;
    let door = listen().map_err(Failure::of("cannot listen on loopback"))?;
    let address = door
        .local_addr()
        .map_err(Failure::of("cannot listen on loopback"))?;
    let (stop, stopped) = async_channel::bounded(1);
    let server = ex.spawn(turn_away(door, stopped));
    let clients = (0..p.at_once)
        .map(|i| ex.spawn(knock(share_of(i, p.at_once, p.connects), address)))
        .collect();
    let turned_away = joined(clients).await;
    stop.close();
    let accepted = server.await;
    if turned_away? != accepted {
        return Err(Failure::Failed(format!(
            "{} connections were made, but {accepted} accepted",
            p.connects
        )));
    }
    Ok(accepted)
}

/// Closes each connection at once. Answers how many there were.
async fn turn_away(door: TcpListener, stopped: Receiver<()>) -> u64 {
    let mut accepted = 0;
    let mut end = pin!(stopped.recv());
    while let Either::Left((connection, _)) = select(pin!(door.accept()), end.as_mut()).await {
        match connection {
            Ok(_) => accepted += 1,
            Err(_) => drop(Timer::after(SHORTAGE_PAUSE).await),
        }
    }
    accepted
}

/// Connects again whenever the server has closed the connection.
async fn knock(mine: Range<u64>, address: SocketAddr) -> Outcome {
    let turned_away = mine.end - mine.start;
    for _ in mine {
        let mut server = connect(address)
            .await
            .map_err(Failure::of("cannot connect"))?;
        check_end(server.read(&mut [0]).await)?;
        reset_when_closed(&server).map_err(Failure::of("cannot reset"))?;
    }
    Ok(turned_away)
}

/// A server that turns its clients away closes the connection, or resets it.
fn check_end(got: io::Result<usize>) -> Result<(), Failure> {
    match got {
        Ok(0) => Ok(()),
        Ok(_) => Err(Failure::Failed(
            "a server that only closes has sent something".to_owned(),
        )),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
        Err(error) => Err(Failure::of("cannot wait for the server")(error)),
    }
}
