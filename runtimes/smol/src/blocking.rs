//! Calls that block a thread: on the executor's own, and on those of the crate blocking.

use std::sync::Arc;
use std::thread;

use rust_common::Outcome;
use rust_common::latency::Recorder;
use rust_common::scenarios::{Blocking, How, SpawnBlocking};
use smol::unblock;

use crate::Spawner;
use crate::tasks::sum_of;
use crate::time::tick;

pub async fn blocking(ex: Spawner, p: Blocking, latency: Arc<Recorder>) -> Outcome {
    let ticking = ex.spawn(tick(p.ticks, latency));
    let blockers = (0..p.blockers)
        .map(|_| ex.spawn(block_again_and_again(p)))
        .collect();
    let blocks = sum_of(blockers).await;
    Ok(ticking.await? + blocks)
}

async fn block_again_and_again(p: Blocking) -> u64 {
    for _ in 0..p.blocks {
        match p.how {
            How::Inline => thread::sleep(Blocking::BLOCK),
            How::RunBlocking => unblock(|| thread::sleep(Blocking::BLOCK)).await,
        }
    }
    p.blocks
}

pub async fn spawn_blocking(ex: Spawner, p: SpawnBlocking) -> Outcome {
    let submitters = (0..p.submitters).map(|_| ex.spawn(submit(p))).collect();
    Ok(sum_of(submitters).await)
}

async fn submit(p: SpawnBlocking) -> u64 {
    let mut total = 0;
    for _ in 0..p.batches {
        total += sum_of((0..p.batch).map(|i| unblock(move || i)).collect()).await;
    }
    total
}
