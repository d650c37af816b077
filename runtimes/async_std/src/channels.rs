//! Channels: `async_std::channel`.

use std::ops::Range;
use std::sync::Arc;

use async_std::channel::{self, Receiver, Sender};
use async_std::task::{self, JoinHandle, yield_now};
use rust_common::channels::room_for;
use rust_common::latency::Recorder;
use rust_common::message::{Message, Stamped, Tally, WaitingRoom, share_of, sum_of_all};
use rust_common::scenarios::{
    Capacity, Channel, ChannelBackpressure, ChannelLatency, ChannelRing, Policy, Receive,
};
use rust_common::work::toil;
use rust_common::{Failure, Outcome};

/// What tasks answer, in their order.
async fn all_of<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(task.await);
    }
    answers
}

pub fn open<T>(capacity: Capacity) -> Result<(Sender<T>, Receiver<T>), Failure> {
    Ok(match room_for::<T>(capacity)? {
        Some(capacity) => channel::bounded(capacity),
        None => channel::unbounded(),
    })
}

/// Waits for a message and takes those that are there already with it, up to `at_most`. Answers how
/// many; 0 when the channel is closed and empty.
async fn recv_many<T>(messages: &Receiver<T>, batch: &mut Vec<T>, at_most: usize) -> usize {
    let Ok(first) = messages.recv().await else {
        return 0;
    };
    let before = batch.len();
    batch.push(first);
    batch.extend(std::iter::from_fn(|| messages.try_recv().ok()).take(at_most - 1));
    batch.len() - before
}

pub async fn channel(p: Channel) -> Outcome {
    match p.payload_bytes {
        8 => flow::<1>(p).await,
        512 => flow::<64>(p).await,
        _ => flow::<4_096>(p).await,
    }
}

async fn flow<const WORDS: usize>(p: Channel) -> Outcome {
    let (sender, receiver) = open::<Message<WORDS>>(p.capacity)?;
    let consumers = (0..p.consumers)
        .map(|_| match p.receive {
            Receive::One => task::spawn(consume(receiver.clone())),
            Receive::Many => task::spawn(consume_many(receiver.clone())),
        })
        .collect();
    let producers = (0..p.producers)
        .map(|i| {
            task::spawn(produce(
                sender.clone(),
                share_of(i, p.producers, p.messages),
            ))
        })
        .collect();
    all_of(producers).await;
    sender.close();
    sum_of_all(&all_of(consumers).await, p.messages)
}

async fn produce<const WORDS: usize>(messages: Sender<Message<WORDS>>, mine: Range<u64>) {
    for i in mine {
        messages
            .send(Message::new(i))
            .await
            .expect("it is open until all is sent");
    }
}

async fn consume<const WORDS: usize>(messages: Receiver<Message<WORDS>>) -> Tally {
    let mut received = Tally::default();
    while let Ok(message) = messages.recv().await {
        received.add(message.number());
    }
    received
}

async fn consume_many<const WORDS: usize>(messages: Receiver<Message<WORDS>>) -> Tally {
    let mut received = Tally::default();
    let mut batch = Vec::new();
    while recv_many(&messages, &mut batch, Channel::BATCH).await > 0 {
        batch
            .drain(..)
            .for_each(|message| received.add(message.number()));
    }
    received
}

pub async fn latency(p: ChannelLatency, latency: Arc<Recorder>) -> Outcome {
    let (sender, receiver) = open::<Stamped>(Capacity::Bounded(p.capacity))?;
    let consumers = (0..p.consumers)
        .map(|_| task::spawn(consume_timed(receiver.clone(), Arc::clone(&latency))))
        .collect();
    let producers = (0..p.producers)
        .map(|i| {
            task::spawn(produce_stamped(
                sender.clone(),
                share_of(i, p.producers, p.messages),
            ))
        })
        .collect();
    all_of(producers).await;
    sender.close();
    sum_of_all(&all_of(consumers).await, p.messages)
}

async fn produce_stamped(messages: Sender<Stamped>, mine: Range<u64>) {
    for i in mine {
        messages
            .send(Stamped::now(i))
            .await
            .expect("it is open until all is sent");
    }
}

async fn consume_timed(messages: Receiver<Stamped>, latency: Arc<Recorder>) -> Tally {
    let mut received = Tally::default();
    while let Ok(message) = messages.recv().await {
        latency.record_since(message.sent);
        received.add(message.number);
    }
    received
}

pub async fn ring(p: ChannelRing) -> Outcome {
    let hops = (0..p.tasks)
        .map(|_| open(Capacity::Bounded(p.capacity)))
        .collect::<Result<Vec<_>, _>>()?;
    let (mut targets, sources): (Vec<_>, Vec<_>) = hops.into_iter().unzip();
    let first: Sender<u64> = targets[0].clone();
    // Each task sends to the one after it.
    targets.rotate_left(1);
    let tasks = sources
        .into_iter()
        .zip(targets)
        .map(|(source, target)| task::spawn(pass_on(source, target, p)))
        .collect();
    for _ in 0..p.tokens {
        first
            .send(0)
            .await
            .map_err(Failure::of("the ring is broken"))?;
    }
    Ok(all_of(tasks).await.iter().sum())
}

/// Answers the hops of those tokens that have gone all their rounds: only the last task sees any.
async fn pass_on(source: Receiver<u64>, target: Sender<u64>, p: ChannelRing) -> u64 {
    let mut finished = 0;
    for _ in 0..p.rounds * p.tokens {
        let hops = source.recv().await.expect("every token comes round") + 1;
        if hops == p.rounds * p.tasks {
            finished += hops;
        } else {
            target.send(hops).await.expect("the next task waits for it");
        }
    }
    finished
}

pub async fn backpressure(p: ChannelBackpressure, latency: Arc<Recorder>) -> Outcome {
    let waiting = Arc::new(WaitingRoom::default());
    let capacity = if p.policy == Policy::Unbounded {
        Capacity::Unbounded
    } else {
        Capacity::Bounded(p.capacity)
    };
    let (sender, receiver) = open::<Stamped>(capacity)?;
    let consumer = task::spawn(consume_slowly(
        receiver,
        p,
        Arc::clone(&waiting),
        Arc::clone(&latency),
    ));
    let producers = (0..p.producers)
        .map(|i| task::spawn(produce_fast(sender.clone(), p, i, Arc::clone(&waiting))))
        .collect();
    let mut ends = all_of(producers).await;
    sender.close();
    let received = consumer.await;

    latency.count("most_waiting", waiting.most());
    latency.count("dropped", ends.iter().map(|dropped| dropped.messages).sum());
    ends.push(received);
    sum_of_all(&ends, p.messages)
}

/// Answers what it dropped.
async fn produce_fast(
    parcels: Sender<Stamped>,
    p: ChannelBackpressure,
    producer: u64,
    waiting: Arc<WaitingRoom>,
) -> Tally {
    let mut dropped = Tally::default();
    let mut spilled = Vec::new();
    for i in share_of(producer, p.producers, p.messages) {
        toil(p.steps / 10);
        // Producers that never wait would keep the consumer from a runtime's only thread.
        yield_now().await;
        let next = Stamped::now(i);
        waiting.enter();
        match p.policy {
            Policy::Drop => {
                if parcels.try_send(next).is_err() {
                    waiting.leave();
                    dropped.add(i);
                }
            }
            Policy::Spill => {
                if let Err(full) = parcels.try_send(next) {
                    let parcels = parcels.clone();
                    let next = full.into_inner();
                    spilled.push(task::spawn(async move { parcels.send(next).await.is_ok() }));
                }
            }
            Policy::Wait | Policy::Unbounded => {
                parcels
                    .send(next)
                    .await
                    .expect("it is open until all is sent");
            }
        }
    }
    all_of(spilled).await;
    dropped
}

async fn consume_slowly(
    parcels: Receiver<Stamped>,
    p: ChannelBackpressure,
    waiting: Arc<WaitingRoom>,
    latency: Arc<Recorder>,
) -> Tally {
    let mut received = Tally::default();
    while let Ok(next) = parcels.recv().await {
        waiting.leave();
        latency.record_since(next.sent);
        toil(p.steps);
        received.add(next.number);
    }
    received
}
