//! Races, and what becomes of those who lose them.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use rust_common::latency::Recorder;
use rust_common::message::{Tally, sum_of_all};
use rust_common::scenarios::{CancelRead, CancelStorm, Select, Shutdown, TaskState};
use rust_common::work::toil;
use rust_common::{Failure, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::failed;
use crate::gathering::Gathering;
use crate::server::connected_pair;

pub async fn select(p: Select) -> Outcome {
    let mut producers = JoinSet::new();
    let mut streams = VecDeque::new();
    for _ in 0..p.streams {
        let (sender, receiver) = mpsc::channel(Select::CAPACITY);
        streams.push_back(receiver);
        producers.spawn(async move {
            for i in 0..p.items {
                sender.send(i).await.expect("the consumer takes all");
            }
        });
    }
    let received = tokio::spawn(select_all(streams)).await.map_err(failed)?;
    while let Some(producer) = producers.join_next().await {
        producer.map_err(failed)?;
    }
    sum_of_all(&[received], p.streams * p.items)
}

/// Takes from two streams at a time, and goes on to the next two after each item. What has ended is
/// left out.
async fn select_all(mut streams: VecDeque<Receiver<u64>>) -> Tally {
    let (_nobody_sends, mut never) = mpsc::channel::<u64>(1);
    let mut received = Tally::default();
    while let Some(mut this) = streams.pop_front() {
        let Some(mut next) = streams.pop_front() else {
            drain(this, &mut never, &mut received).await;
            break;
        };
        let (item, from_this) = tokio::select! {
            item = this.recv() => (item, true),
            item = next.recv() => (item, false),
            item = never.recv() => (item, true),
        };
        match item {
            Some(number) => {
                received.add(number);
                streams.push_front(next);
                streams.push_back(this);
            }
            None if from_this => streams.push_front(next),
            None => streams.push_back(this),
        }
    }
    received
}

/// The last stream is on its own.
async fn drain(mut last: Receiver<u64>, never: &mut Receiver<u64>, received: &mut Tally) {
    loop {
        let item = tokio::select! {
            item = last.recv() => item,
            item = never.recv() => item,
        };
        match item {
            Some(number) => received.add(number),
            None => return,
        }
    }
}

/// The channel is the crate async-channel's: it has many consumers.
pub async fn cancel_storm(p: CancelStorm, latency: Arc<Recorder>) -> Outcome {
    let (sender, letters) = async_channel::unbounded();
    let mut racers = JoinSet::new();
    for _ in 0..p.tasks {
        racers.spawn(race(letters.clone()));
    }
    // It keeps a sender while it is waited for, so that no receive fails.
    let producer = tokio::spawn(produce(sender.clone(), p.messages));
    let (mut received, mut timed_out) = (Tally::default(), 0);
    while let Some(racer) = racers.join_next().await {
        match racer.map_err(failed)? {
            Some(number) => received.add(number),
            None => timed_out += 1,
        }
    }
    producer.await.map_err(failed)?;
    latency.count("received", received.messages);
    latency.count("timed_out", timed_out);

    let mut left_over = Tally::default();
    while let Ok(number) = letters.try_recv() {
        left_over.add(number);
    }
    drop(sender);
    sum_of_all(&[received, left_over], p.messages)
}

async fn race(letters: async_channel::Receiver<u64>) -> Option<u64> {
    tokio::select! {
        letter = letters.recv() => letter.ok(),
        () = sleep(CancelStorm::PATIENCE) => None,
    }
}

async fn produce(letters: async_channel::Sender<u64>, messages: u64) {
    sleep(CancelStorm::PATIENCE).await;
    for i in 0..messages {
        letters.send(i).await.expect("the root keeps a receiver");
        if i % CancelStorm::AT_ONCE == CancelStorm::AT_ONCE - 1 {
            yield_now().await;
        }
    }
}

pub async fn cancel_read(p: CancelRead, latency: Arc<Recorder>) -> Outcome {
    let (reader, writer) = connected_pair()
        .await
        .map_err(Failure::of("cannot connect"))?;
    let writing = tokio::spawn(write_in_chunks(writer, p));
    let reading = tokio::spawn(read_against_an_alarm(reader));
    let (right_bytes, timeouts) = reading
        .await
        .map_err(failed)?
        .map_err(Failure::of("cannot receive"))?;
    writing
        .await
        .map_err(failed)?
        .map_err(Failure::of("cannot send"))?;
    latency.count("timeouts", timeouts);
    Ok(right_bytes)
}

async fn write_in_chunks(mut writer: TcpStream, p: CancelRead) -> io::Result<()> {
    for i in 0..p.chunks {
        writer.write_all(&p.chunk(i)).await?;
        sleep(p.pause_after(i)).await;
    }
    writer.shutdown().await?;
    // The reader resets when it has all: whatever that shows as is the end.
    let _ = writer.read(&mut [0]).await;
    Ok(())
}

/// Answers how many bytes came right, and how often the alarm went off. A read that is dropped has
/// taken nothing: `AsyncReadExt::read` is cancel safe.
async fn read_against_an_alarm(mut reader: TcpStream) -> io::Result<(u64, u64)> {
    let mut buffer = [0; CancelRead::READ_BYTES];
    let (mut at, mut right_bytes, mut timeouts) = (0, 0, 0);
    loop {
        match timeout(CancelRead::PATIENCE, reader.read(&mut buffer)).await {
            Ok(Ok(0)) => break,
            Ok(Ok(count)) => {
                for byte in &buffer[..count] {
                    right_bytes += u64::from(*byte == CancelRead::byte(at));
                    at += 1;
                }
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => timeouts += 1,
        }
    }
    reader.set_zero_linger()?;
    // Bytes that came twice are as wrong as bytes that never came.
    Ok((if at == right_bytes { right_bytes } else { 0 }, timeouts))
}

pub async fn shutdown(p: Shutdown, latency: Arc<Recorder>) -> Outcome {
    let (begun, stop) = (Gathering::of(p.tasks), CancellationToken::new());
    let mut nobody_sends = Vec::new();
    let mut tasks = JoinSet::new();
    for _ in 0..p.tasks {
        let (begun, stop) = (Arc::clone(&begun), stop.clone());
        match p.state {
            TaskState::Computing => {
                tasks.spawn(compute_until(stop, begun));
            }
            TaskState::Waiting => {
                let (sender, letters) = mpsc::channel(1);
                nobody_sends.push(sender);
                tasks.spawn(wait_until(stop, begun, letters));
            }
        }
    }
    begun.complete().await;

    latency.start_clock();
    stop.cancel();
    let mut ended = 0;
    let all_end = async {
        while let Some(task) = tasks.join_next().await {
            task.map_err(failed)?;
            ended += 1;
        }
        Ok(())
    };
    // Who has not ended by then is aborted as the set is dropped.
    let in_time = timeout(Shutdown::PATIENCE, all_end).await;
    latency.stop_clock();
    in_time.unwrap_or(Ok(()))?;
    latency.count("abandoned", p.tasks - ended);
    Ok(ended)
}

async fn compute_until(stop: CancellationToken, begun: Arc<Gathering>) {
    begun.one_has_run(0);
    while !stop.is_cancelled() {
        toil(Shutdown::STEPS);
        yield_now().await;
    }
}

async fn wait_until(stop: CancellationToken, begun: Arc<Gathering>, mut letters: Receiver<u64>) {
    begun.one_has_run(0);
    tokio::select! {
        () = stop.cancelled() => {}
        _ = letters.recv() => {}
    }
}
