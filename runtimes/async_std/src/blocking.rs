//! Calls that block a thread: on the executor's own, and on those that async-std keeps for it.

use std::sync::Arc;
use std::thread;

use async_std::task;
use rust_common::Outcome;
use rust_common::latency::Recorder;
use rust_common::scenarios::{Blocking, How, SpawnBlocking};

use crate::tasks::sum_of;
use crate::time::tick;

pub async fn blocking(p: Blocking, latency: Arc<Recorder>) -> Outcome {
    let ticking = task::spawn(tick(p.ticks, latency));
    let blockers = (0..p.blockers)
        .map(|_| task::spawn(block_again_and_again(p)))
        .collect();
    let blocks = sum_of(blockers).await;
    Ok(ticking.await? + blocks)
}

async fn block_again_and_again(p: Blocking) -> u64 {
    for _ in 0..p.blocks {
        match p.how {
            How::Inline => thread::sleep(Blocking::BLOCK),
            How::RunBlocking => task::spawn_blocking(|| thread::sleep(Blocking::BLOCK)).await,
        }
    }
    p.blocks
}

pub async fn spawn_blocking(p: SpawnBlocking) -> Outcome {
    let submitters = (0..p.submitters).map(|_| task::spawn(submit(p))).collect();
    Ok(sum_of(submitters).await)
}

async fn submit(p: SpawnBlocking) -> u64 {
    let mut total = 0;
    for _ in 0..p.batches {
        total += sum_of(
            (0..p.batch)
                .map(|i| task::spawn_blocking(move || i))
                .collect(),
        )
        .await;
    }
    total
}
