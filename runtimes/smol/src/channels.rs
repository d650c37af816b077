//! Channels: the crate async-channel, which is smol's own.

use std::ops::Range;
use std::sync::Arc;

use async_channel::{Receiver, Sender};
use rust_common::channels::{open, recv_many};
use rust_common::latency::Recorder;
use rust_common::message::{Message, Stamped, Tally, WaitingRoom, share_of, sum_of_all};
use rust_common::scenarios::{
    Capacity, Channel, ChannelBackpressure, ChannelLatency, ChannelRing, Policy, Receive,
};
use rust_common::work::toil;
use rust_common::{Failure, Outcome};
use smol::Task;
use smol::future::yield_now;

use crate::Spawner;

/// What tasks answer, in their order.
async fn all_of<T>(tasks: Vec<Task<T>>) -> Vec<T> {
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(task.await);
    }
    answers
}

pub async fn channel(ex: Spawner, p: Channel) -> Outcome {
    match p.payload_bytes {
        8 => flow::<1>(ex, p).await,
        512 => flow::<64>(ex, p).await,
        _ => flow::<4_096>(ex, p).await,
    }
}

async fn flow<const WORDS: usize>(ex: Spawner, p: Channel) -> Outcome {
    let (sender, receiver) = open::<Message<WORDS>>(p.capacity)?;
    let consumers = (0..p.consumers)
        .map(|_| match p.receive {
            Receive::One => ex.spawn(consume(receiver.clone())),
            Receive::Many => ex.spawn(consume_many(receiver.clone())),
        })
        .collect();
    let producers = (0..p.producers)
        .map(|i| {
            ex.spawn(produce(
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

pub async fn latency(ex: Spawner, p: ChannelLatency, latency: Arc<Recorder>) -> Outcome {
    let (sender, receiver) = open::<Stamped>(Capacity::Bounded(p.capacity))?;
    let consumers = (0..p.consumers)
        .map(|_| ex.spawn(consume_timed(receiver.clone(), Arc::clone(&latency))))
        .collect();
    let producers = (0..p.producers)
        .map(|i| {
            ex.spawn(produce_stamped(
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

pub async fn ring(ex: Spawner, p: ChannelRing) -> Outcome {
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
        .map(|(source, target)| ex.spawn(pass_on(source, target, p)))
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

pub async fn backpressure(ex: Spawner, p: ChannelBackpressure, latency: Arc<Recorder>) -> Outcome {
    let waiting = Arc::new(WaitingRoom::default());
    let capacity = if p.policy == Policy::Unbounded {
        Capacity::Unbounded
    } else {
        Capacity::Bounded(p.capacity)
    };
    let (sender, receiver) = open::<Stamped>(capacity)?;
    let consumer = ex.spawn(consume_slowly(
        receiver,
        p,
        Arc::clone(&waiting),
        Arc::clone(&latency),
    ));
    let producers = (0..p.producers)
        .map(|i| ex.spawn(produce_fast(ex, sender.clone(), p, i, Arc::clone(&waiting))))
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
    ex: Spawner,
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
                    spilled.push(ex.spawn(async move { parcels.send(next).await.is_ok() }));
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
