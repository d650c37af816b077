//! Racing one thing against another, and asking tasks to stop.

use std::sync::Arc;
use std::time::Instant;

use async_std::channel::{self, Receiver, Sender};
use async_std::future::timeout;
use async_std::io::{ReadExt, WriteExt};
use async_std::net::TcpStream;
use async_std::task::{self, JoinHandle, yield_now};
use futures_util::{FutureExt, select};
use rust_common::latency::Recorder;
use rust_common::message::{Tally, sum_of_all};
use rust_common::scenarios::{CancelRead, CancelStorm, Select, Shutdown, TaskState};
use rust_common::sockets::reset_when_closed;
use rust_common::work::toil;
use rust_common::{Failure, Outcome};

use crate::server::connected_pair;
use crate::signals::Arrivals;

pub async fn select(p: Select) -> Outcome {
    let (senders, streams): (Vec<_>, Vec<_>) = (0..p.streams)
        .map(|_| channel::bounded(Select::CAPACITY))
        .unzip();
    let (_silent, never) = channel::bounded(1);
    for sender in senders {
        task::spawn(produce(sender, p.items));
    }
    let received = task::spawn(receive_from_any(streams, never)).await;
    sum_of_all(&[received], p.streams * p.items)
}

/// The stream ends with it.
async fn produce(stream: Sender<u64>, items: u64) {
    for i in 0..items {
        stream.send(i).await.expect("the consumer takes all");
    }
}

async fn receive_from_any(mut streams: Vec<Receiver<u64>>, never: Receiver<u64>) -> Tally {
    let mut received = Tally::default();
    let mut turn = 0;
    while !streams.is_empty() {
        let (this, next) = (turn % streams.len(), (turn + 1) % streams.len());
        let arrived = select! {
            number = streams[this].recv().fuse() => (this, number.ok()),
            number = streams[next].recv().fuse() => (next, number.ok()),
            number = never.recv().fuse() => (this, number.ok()),
        };
        match arrived {
            (_, Some(number)) => received.add(number),
            (ended, None) => drop(streams.remove(ended)),
        }
        turn += 1;
    }
    received
}

pub async fn cancel_storm(p: CancelStorm, latency: Arc<Recorder>) -> Outcome {
    let (sender, receiver) = channel::unbounded();
    let producer = task::spawn(produce_into_the_storm(sender, p.messages));
    let tasks: Vec<_> = (0..p.tasks)
        .map(|_| task::spawn(receive_or_give_up(receiver.clone())))
        .collect();
    let mut received = Tally::default();
    for task in tasks {
        if let Some(number) = task.await {
            received.add(number);
        }
    }
    producer.await;
    let mut left = Tally::default();
    while let Ok(number) = receiver.try_recv() {
        left.add(number);
    }
    latency.count("received", received.messages);
    latency.count("timed_out", p.tasks - received.messages);
    sum_of_all(&[received, left], p.messages)
}

async fn produce_into_the_storm(sender: Sender<u64>, messages: u64) {
    task::sleep(CancelStorm::PATIENCE).await;
    for i in 0..messages {
        sender.send(i).await.expect("receivers are left");
        if (i + 1) % CancelStorm::AT_ONCE == 0 {
            yield_now().await;
        }
    }
}

async fn receive_or_give_up(messages: Receiver<u64>) -> Option<u64> {
    let received = timeout(CancelStorm::PATIENCE, messages.recv()).await;
    received.ok().and_then(Result::ok)
}

pub async fn cancel_read(p: CancelRead, latency: Arc<Recorder>) -> Outcome {
    let (reader, writer) = connected_pair()
        .await
        .map_err(Failure::of("cannot connect"))?;
    let writing = task::spawn(write_chunks(writer, p));
    let right = task::spawn(read_impatiently(reader, latency)).await;
    writing.await?;
    right
}

async fn write_chunks(mut reader: TcpStream, p: CancelRead) -> Result<(), Failure> {
    for i in 0..p.chunks {
        reader
            .write_all(&p.chunk(i))
            .await
            .map_err(Failure::of("cannot send"))?;
        task::sleep(p.pause_after(i)).await;
    }
    Ok(())
}

/// Answers how many bytes came right, each in its place.
async fn read_impatiently(mut writer: TcpStream, latency: Arc<Recorder>) -> Outcome {
    let mut buffer = [0; CancelRead::READ_BYTES];
    let (mut place, mut right, mut timeouts) = (0, 0, 0);
    loop {
        match timeout(CancelRead::PATIENCE, writer.read(&mut buffer)).await {
            Err(_) => timeouts += 1,
            Ok(Ok(0)) => break,
            Ok(Ok(count)) => {
                for byte in &buffer[..count] {
                    right += u64::from(*byte == CancelRead::byte(place));
                    place += 1;
                }
            }
            Ok(Err(error)) => return Err(Failure::of("cannot receive")(error)),
        }
    }
    latency.count("timeouts", timeouts);
    reset_when_closed(&writer).map_err(Failure::of("cannot reset"))?;
    // Bytes that came twice are as wrong as those that never came.
    Ok(if place == right { right } else { 0 })
}

pub async fn shutdown(p: Shutdown, latency: Arc<Recorder>) -> Outcome {
    let (stop, stopped) = channel::bounded(1);
    let (_silent, letters) = channel::bounded(1);
    let all_began = Arrivals::of(p.tasks);
    let tasks: Vec<_> = (0..p.tasks)
        .map(|_| {
            let (began, stopped) = (Arc::clone(&all_began), stopped.clone());
            match p.state {
                TaskState::Computing => task::spawn(compute_until(stopped, began)),
                TaskState::Waiting => task::spawn(wait_until(stopped, letters.clone(), began)),
            }
        })
        .collect();
    all_began.all().await;

    latency.start_clock();
    stop.close();
    let ended = count_ended(tasks).await;
    latency.stop_clock();
    latency.count("abandoned", p.tasks - ended);
    Ok(ended)
}

async fn compute_until(stopped: Receiver<()>, began: Arc<Arrivals>) {
    began.arrive(1);
    loop {
        toil(Shutdown::STEPS);
        yield_now().await;
        if stopped.is_closed() {
            return;
        }
    }
}

async fn wait_until(stopped: Receiver<()>, letters: Receiver<()>, began: Arc<Arrivals>) {
    began.arrive(1);
    // Whichever it is: nobody sends a letter.
    select! {
        _ = stopped.recv().fuse() => {}
        _ = letters.recv().fuse() => {}
    }
}

/// How many end by themselves while we have patience. The others are cancelled.
async fn count_ended(tasks: Vec<JoinHandle<()>>) -> u64 {
    let limit = Instant::now() + Shutdown::PATIENCE;
    let mut ended = 0;
    for mut task in tasks {
        let time_left = limit.saturating_duration_since(Instant::now());
        if timeout(time_left, &mut task).await.is_ok() {
            ended += 1;
        } else {
            task.cancel().await;
        }
    }
    ended
}
