//! Channels: `tokio::sync::mpsc` where there is one consumer. Tokio has none in which each message goes
//! to one of many consumers; there it is the crate async-channel, as Tokio's users do.

use std::sync::Arc;

use rust_common::latency::Recorder;
use rust_common::message::{Message, Stamped, Tally, WaitingRoom, share_of, sum_of_all};
use rust_common::scenarios::{
    Capacity, Channel, ChannelBackpressure, ChannelLatency, ChannelRing, Policy, Receive,
};
use rust_common::work::toil;
use rust_common::{Failure, Outcome, channels};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::{JoinHandle, yield_now};

use crate::failed;

/// What tasks answer, in their order.
async fn all_of<T>(tasks: Vec<JoinHandle<T>>) -> Result<Vec<T>, Failure> {
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(task.await.map_err(failed)?);
    }
    Ok(answers)
}

/// The senders that a scenario may have. Cloned for each producer; a channel is closed when all
/// have been dropped.
enum Sender<T> {
    Bounded(mpsc::Sender<T>),
    Unbounded(mpsc::UnboundedSender<T>),
    Shared(async_channel::Sender<T>),
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Bounded(sender) => Self::Bounded(sender.clone()),
            Self::Unbounded(sender) => Self::Unbounded(sender.clone()),
            Self::Shared(sender) => Self::Shared(sender.clone()),
        }
    }
}

impl<T> Sender<T> {
    /// Whether there still was a receiver.
    async fn send(&self, message: T) -> bool {
        match self {
            Self::Bounded(sender) => sender.send(message).await.is_ok(),
            Self::Unbounded(sender) => sender.send(message).is_ok(),
            Self::Shared(sender) => sender.send(message).await.is_ok(),
        }
    }
}

enum Receiver<T> {
    Bounded(mpsc::Receiver<T>),
    Unbounded(mpsc::UnboundedReceiver<T>),
    Shared(async_channel::Receiver<T>),
}

impl<T> Receiver<T> {
    async fn recv(&mut self) -> Option<T> {
        match self {
            Self::Bounded(receiver) => receiver.recv().await,
            Self::Unbounded(receiver) => receiver.recv().await,
            Self::Shared(receiver) => receiver.recv().await.ok(),
        }
    }

    /// Waits for a message and takes those that are there already with it. Answers how many; 0:
    /// there will be no more.
    async fn recv_many(&mut self, batch: &mut Vec<T>, at_most: usize) -> usize {
        match self {
            Self::Bounded(receiver) => receiver.recv_many(batch, at_most).await,
            Self::Unbounded(receiver) => receiver.recv_many(batch, at_most).await,
            Self::Shared(receiver) => channels::recv_many(receiver, batch, at_most).await,
        }
    }
}

/// A channel and its receivers, one for each consumer.
fn open<T>(capacity: Capacity, consumers: u64) -> Result<(Sender<T>, Vec<Receiver<T>>), Failure> {
    if consumers > 1 {
        let (sender, receiver) = channels::open(capacity)?;
        let receivers = (0..consumers)
            .map(|_| Receiver::Shared(receiver.clone()))
            .collect();
        return Ok((Sender::Shared(sender), receivers));
    }
    match capacity {
        Capacity::Bounded(0) => Err(channels::no_rendezvous("tokio::sync::mpsc")),
        Capacity::Bounded(capacity) => {
            let (sender, receiver) =
                mpsc::channel(capacity.try_into().map_err(Failure::of("capacity"))?);
            Ok((Sender::Bounded(sender), vec![Receiver::Bounded(receiver)]))
        }
        Capacity::Unbounded => {
            let (sender, receiver) = mpsc::unbounded_channel();
            Ok((
                Sender::Unbounded(sender),
                vec![Receiver::Unbounded(receiver)],
            ))
        }
    }
}

pub async fn channel(p: Channel) -> Outcome {
    match p.payload_bytes {
        8 => flow::<1>(p).await,
        512 => flow::<64>(p).await,
        _ => flow::<4_096>(p).await,
    }
}

async fn flow<const WORDS: usize>(p: Channel) -> Outcome {
    let (sender, receivers) = open::<Message<WORDS>>(p.capacity, p.consumers)?;
    let consumers = receivers
        .into_iter()
        .map(|receiver| match p.receive {
            Receive::One => tokio::spawn(consume(receiver)),
            Receive::Many => tokio::spawn(consume_many(receiver)),
        })
        .collect();
    let producers = (0..p.producers)
        .map(|i| {
            let sender = sender.clone();
            let mine = share_of(i, p.producers, p.messages);
            tokio::spawn(async move {
                for i in mine {
                    sender.send(Message::new(i)).await;
                }
            })
        })
        .collect();
    drop(sender);
    all_of(producers).await?;
    sum_of_all(&all_of(consumers).await?, p.messages)
}

async fn consume<const WORDS: usize>(mut messages: Receiver<Message<WORDS>>) -> Tally {
    let mut received = Tally::default();
    while let Some(message) = messages.recv().await {
        received.add(message.number());
    }
    received
}

async fn consume_many<const WORDS: usize>(mut messages: Receiver<Message<WORDS>>) -> Tally {
    let mut received = Tally::default();
    let mut batch = Vec::new();
    while messages.recv_many(&mut batch, Channel::BATCH).await > 0 {
        batch
            .drain(..)
            .for_each(|message| received.add(message.number()));
    }
    received
}

pub async fn latency(p: ChannelLatency, latency: Arc<Recorder>) -> Outcome {
    let (sender, receivers) = open::<Stamped>(Capacity::Bounded(p.capacity), p.consumers)?;
    let consumers = receivers
        .into_iter()
        .map(|mut receiver| {
            let latency = Arc::clone(&latency);
            tokio::spawn(async move {
                let mut received = Tally::default();
                while let Some(message) = receiver.recv().await {
                    latency.record_since(message.sent);
                    received.add(message.number);
                }
                received
            })
        })
        .collect();
    let producers = (0..p.producers)
        .map(|i| {
            let sender = sender.clone();
            let mine = share_of(i, p.producers, p.messages);
            tokio::spawn(async move {
                for i in mine {
                    sender.send(Stamped::now(i)).await;
                }
            })
        })
        .collect();
    drop(sender);
    all_of(producers).await?;
    sum_of_all(&all_of(consumers).await?, p.messages)
}

pub async fn ring(p: ChannelRing) -> Outcome {
    let capacity = p.capacity.try_into().map_err(Failure::of("capacity"))?;
    let (sources, mut targets): (Vec<_>, Vec<_>) = (0..p.tasks)
        .map(|_| mpsc::channel(capacity))
        .map(|(target, source)| (source, target))
        .unzip();
    let first = targets[0].clone();
    // Each task sends to the one after it.
    targets.rotate_left(1);
    let tasks = sources
        .into_iter()
        .zip(targets)
        .map(|(source, target)| tokio::spawn(pass_on(source, target, p)))
        .collect();
    for _ in 0..p.tokens {
        first
            .send(0)
            .await
            .map_err(Failure::of("the ring is broken"))?;
    }
    Ok(all_of(tasks).await?.iter().sum())
}

/// Answers the hops of those tokens that have gone all their rounds: only the last task sees any.
async fn pass_on(
    mut source: mpsc::Receiver<u64>,
    target: mpsc::Sender<u64>,
    p: ChannelRing,
) -> u64 {
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
    let (sender, mut receivers) = open::<Stamped>(capacity, 1)?;
    let receiver = receivers.remove(0);
    let consumer = tokio::spawn(consume_slowly(
        receiver,
        p,
        Arc::clone(&waiting),
        Arc::clone(&latency),
    ));
    let producers = (0..p.producers)
        .map(|i| tokio::spawn(produce(sender.clone(), p, i, Arc::clone(&waiting))))
        .collect();
    drop(sender);
    let mut ends = all_of(producers).await?;
    let received = consumer.await.map_err(failed)?;

    latency.count("most_waiting", waiting.most());
    latency.count("dropped", ends.iter().map(|dropped| dropped.messages).sum());
    ends.push(received);
    sum_of_all(&ends, p.messages)
}

/// Answers what it dropped.
async fn produce(
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
        match (p.policy, &parcels) {
            (Policy::Drop, Sender::Bounded(bounded)) => {
                if bounded.try_send(next).is_err() {
                    waiting.leave();
                    dropped.add(i);
                }
            }
            (Policy::Spill, Sender::Bounded(bounded)) => {
                if let Err(TrySendError::Full(next) | TrySendError::Closed(next)) =
                    bounded.try_send(next)
                {
                    let parcels = bounded.clone();
                    spilled.push(tokio::spawn(
                        async move { parcels.send(next).await.is_ok() },
                    ));
                }
            }
            _ => {
                parcels.send(next).await;
            }
        }
    }
    for sending in spilled {
        sending.await.expect("no sender panics");
    }
    dropped
}

async fn consume_slowly(
    mut parcels: Receiver<Stamped>,
    p: ChannelBackpressure,
    waiting: Arc<WaitingRoom>,
    latency: Arc<Recorder>,
) -> Tally {
    let mut received = Tally::default();
    while let Some(next) = parcels.recv().await {
        waiting.leave();
        latency.record_since(next.sent);
        toil(p.steps);
        received.add(next.number);
    }
    received
}
