//! Elements that pass through stages, and buffers that are given to many.

use std::ops::Deref;
use std::sync::Arc;

use async_channel::{Receiver, Sender};
use rust_common::channels::open;
use rust_common::message::{Tally, sum_of_all};
use rust_common::scenarios::{By, Bytes, Capacity, Stream};
use rust_common::{Failure, Outcome};

use crate::Spawner;
use crate::tasks::sum_of;

pub async fn stream(ex: Spawner, p: Stream) -> Outcome {
    let (source, mut stream) = open(Capacity::Bounded(p.capacity))?;
    ex.spawn(produce(source, p.elements)).detach();
    for _ in 0..p.stages {
        let (sink, next) = open(Capacity::Bounded(p.capacity))?;
        ex.spawn(add_one(stream, sink)).detach();
        stream = next;
    }
    let consumed = ex.spawn(consume(stream)).await;
    sum_of_all(&[consumed], p.elements)
}

/// Here as in every stage, the stream ends because its only sender is gone.
async fn produce(stream: Sender<u64>, elements: u64) {
    for i in 0..elements {
        stream.send(i).await.expect("the next stage takes all");
    }
}

async fn add_one(source: Receiver<u64>, sink: Sender<u64>) {
    while let Ok(element) = source.recv().await {
        sink.send(element + 1)
            .await
            .expect("the next stage takes all");
    }
}

async fn consume(stream: Receiver<u64>) -> Tally {
    let mut received = Tally::default();
    while let Ok(element) = stream.recv().await {
        received.add(element);
    }
    received
}

pub async fn bytes(ex: Spawner, p: Bytes) -> Outcome {
    match p.by {
        By::Copy => give_to_all(ex, p, |message| p.buffer(message)).await,
        By::Share => give_to_all(ex, p, |message| Arc::new(p.buffer(message))).await,
    }
}

/// Each receiver gets a clone: of a vector that is a copy, of an `Arc` a share.
async fn give_to_all<B>(ex: Spawner, p: Bytes, make: impl Fn(u64) -> B) -> Outcome
where
    B: Deref<Target: AsRef<[u8]>> + Clone + Send + 'static,
{
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..p.receivers)
        .map(|_| async_channel::bounded(Bytes::CAPACITY))
        .unzip();
    let receiving = receivers
        .into_iter()
        .map(|buffers| ex.spawn(add_samples(buffers)))
        .collect();
    for message in 0..p.messages {
        let buffer = make(message);
        for receiver in &senders {
            receiver
                .send(buffer.clone())
                .await
                .map_err(Failure::of("a receiver has gone"))?;
        }
    }
    drop(senders);
    Ok(sum_of(receiving).await)
}

async fn add_samples<B: Deref<Target: AsRef<[u8]>>>(buffers: Receiver<B>) -> u64 {
    let mut total = 0;
    while let Ok(buffer) = buffers.recv().await {
        total += Bytes::sample((*buffer).as_ref());
    }
    total
}
