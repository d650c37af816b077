//! Echo over loopback TCP, direct and through a proxy; connecting and accepting.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;
use rust_common::latency::Recorder;
use rust_common::message::share_of;
use rust_common::scenarios::{Accept, ConnectChurn, Echo, Proxy, Through};
use rust_common::sockets::{BUFFER_BYTES, SHORTAGE_PAUSE, check_descriptors, wrong_answer};
use rust_common::work::fill;
use rust_common::{Failure, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional_with_sizes};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::failed;
use crate::server::{Server, connect, echo_server, listen};

pub async fn proxy(p: Proxy, latency: Arc<Recorder>) -> Outcome {
    check_descriptors(p.descriptors())?;
    let echo = echo_server()?;
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
    let connected = connect_all(p.connections, address).await?;
    latency.count_since("setup_ns", begin);
    talk(connected, p, latency).await
}

async fn connect_all(count: u64, address: SocketAddr) -> Result<Vec<TcpStream>, Failure> {
    let connecting: Vec<_> = (0..count).map(|_| tokio::spawn(connect(address))).collect();
    let connected = try_join_all(connecting).await.map_err(failed)?;
    connected
        .into_iter()
        .collect::<io::Result<_>>()
        .map_err(Failure::of("cannot connect"))
}

/// Answers how many bytes came back right to all clients.
async fn talk(connected: Vec<TcpStream>, p: Proxy, latency: Arc<Recorder>) -> Outcome {
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
        exchange(&mut server, &question, &mut answer).await?;
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

async fn exchange(
    server: &mut TcpStream,
    question: &[u8],
    answer: &mut [u8],
) -> Result<(), Failure> {
    server
        .write_all(question)
        .await
        .map_err(Failure::of("cannot send"))?;
    server.read_exact(answer).await.map_err(wrong_answer)?;
    Ok(())
}

/// The clock runs only while the clients talk.
pub async fn echo(p: Echo, latency: Arc<Recorder>) -> Outcome {
    check_descriptors(p.descriptors())?;
    let server = echo_server()?;
    let connected = connect_all(p.connections, server.address).await?;
    latency.start_clock();
    let echoed = talk(connected, p.into(), Arc::clone(&latency)).await;
    latency.stop_clock();
    server.stop().await?;
    echoed
}

pub async fn connect_churn(p: ConnectChurn, latency: Arc<Recorder>) -> Outcome {
    check_descriptors(p.descriptors())?;
    let server = echo_server()?;
    let mut clients = JoinSet::new();
    for i in 0..p.clients {
        clients.spawn(churn(p, i, server.address, Arc::clone(&latency)));
    }
    let mut right_cycles = 0;
    while let Some(client) = clients.join_next().await {
        right_cycles += client.map_err(failed)??;
    }
    server.stop().await?;
    Ok(right_cycles)
}

/// Answers in how many of its cycles all bytes came back right.
async fn churn(
    p: ConnectChurn,
    client: u64,
    address: SocketAddr,
    latency: Arc<Recorder>,
) -> Outcome {
    let mut question = vec![0; p.message_bytes as usize]; // Safe because usize has 64 bits here.
    let mut answer = question.clone();
    let mut right_cycles = 0;
    for cycle in 0..p.churns {
        fill(&mut question, client, cycle);
        let begin = Instant::now();
        let mut server = connect(address)
            .await
            .map_err(Failure::of("cannot connect"))?;
        exchange(&mut server, &question, &mut answer).await?;
        server
            .set_zero_linger()
            .map_err(Failure::of("cannot reset"))?;
        drop(server);
        latency.record_since(begin);
        right_cycles += u64::from(answer == question);
    }
    Ok(right_cycles)
}

pub async fn accept(p: Accept) -> Outcome {
    check_descriptors(p.descriptors())?;
    let door = listen().map_err(Failure::of("cannot listen on loopback"))?;
    let address = door
        .local_addr()
        .map_err(Failure::of("cannot listen on loopback"))?;
    // Dropped with this set, it is aborted where a client fails: nobody else would come.
    let mut server = JoinSet::new();
    server.spawn(accept_and_close(door, p.connects));
    let mut clients = JoinSet::new();
    for i in 0..p.at_once {
        let mine = share_of(i, p.at_once, p.connects);
        clients.spawn(knock(address, mine.end - mine.start));
    }
    while let Some(client) = clients.join_next().await {
        client
            .map_err(failed)?
            .map_err(Failure::of("a client was not served"))?;
    }
    let accepted = server.join_next().await.expect("it is one task");
    accepted.map_err(failed)
}

/// Answers how many came in.
async fn accept_and_close(door: TcpListener, connects: u64) -> u64 {
    let mut accepted = 0;
    while accepted < connects {
        match door.accept().await {
            Ok((peer, _)) => {
                accepted += 1;
                drop(peer);
            }
            // No descriptor or no memory: clients that end will leave some.
            Err(_) => tokio::time::sleep(SHORTAGE_PAUSE).await,
        }
    }
    accepted
}

/// Connects so often, and waits each time until the server has closed.
async fn knock(address: SocketAddr, times: u64) -> io::Result<()> {
    for _ in 0..times {
        let mut server = connect(address).await?;
        match server.read(&mut [0]).await {
            Ok(0) => {}
            Ok(_) => return Err(io::Error::other("the server sent something")),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) => return Err(error),
        }
        server.set_zero_linger()?;
    }
    Ok(())
}
