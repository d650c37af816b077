//! Streams of elements through stages, and one buffer for many.

use bytes::Bytes as Shared;
use rust_common::scenarios::{By, Bytes, Stream};
use rust_common::{Failure, Outcome};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;

use crate::failed;
use crate::tasks::sum_of;

pub async fn stream(p: Stream) -> Outcome {
    let capacity = p.capacity.try_into().map_err(Failure::of("capacity"))?;
    let (first, mut elements) = mpsc::channel(capacity);
    let mut tasks: Vec<JoinHandle<()>> = vec![tokio::spawn(produce(first, p.elements))];
    for _ in 0..p.stages {
        let (target, source) = mpsc::channel(capacity);
        tasks.push(tokio::spawn(add_one(elements, target)));
        elements = source;
    }
    let sum = tokio::spawn(consume(elements)).await.map_err(failed)?;
    for task in tasks {
        task.await.map_err(failed)?;
    }
    Ok(sum)
}

async fn produce(elements: Sender<u64>, count: u64) {
    for i in 0..count {
        elements.send(i).await.expect("the next stage takes all");
    }
}

async fn add_one(mut source: Receiver<u64>, target: Sender<u64>) {
    while let Some(element) = source.recv().await {
        target
            .send(element + 1)
            .await
            .expect("the next stage takes all");
    }
}

async fn consume(mut elements: Receiver<u64>) -> u64 {
    let mut sum = 0;
    while let Some(element) = elements.recv().await {
        sum += element;
    }
    sum
}

/// Shared buffers are those of the crate bytes, copied ones are plain vectors.
pub async fn bytes(p: Bytes) -> Outcome {
    match p.by {
        By::Copy => fan(p, |buffer| buffer).await,
        By::Share => fan(p, Shared::from).await,
    }
}

/// Sends a clone of each buffer to each receiver: what a clone is, is up to the buffer.
async fn fan<B>(p: Bytes, make: impl Fn(Vec<u8>) -> B + Send + 'static) -> Outcome
where
    B: AsRef<[u8]> + Clone + Send + Sync + 'static,
{
    let (senders, receivers): (Vec<Sender<B>>, Vec<_>) = (0..p.receivers)
        .map(|_| mpsc::channel(Bytes::CAPACITY))
        .unzip();
    let readers = receivers
        .into_iter()
        .map(|buffers| tokio::spawn(read(buffers)))
        .collect();
    let sender = tokio::spawn(async move {
        for message in 0..p.messages {
            let buffer = make(p.buffer(message));
            for receiver in &senders {
                let sent = receiver.send(buffer.clone()).await;
                assert!(sent.is_ok(), "a receiver takes all");
            }
        }
    });
    sender.await.map_err(failed)?;
    sum_of(readers).await
}

async fn read<B: AsRef<[u8]>>(mut buffers: Receiver<B>) -> u64 {
    let mut sum = 0;
    while let Some(buffer) = buffers.recv().await {
        sum += Bytes::sample(buffer.as_ref());
    }
    sum
}
