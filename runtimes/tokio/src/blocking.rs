//! Calls that block a thread: on a worker, and through `tokio::task::spawn_blocking`.

use std::sync::Arc;
use std::thread;

use rust_common::Outcome;
use rust_common::latency::Recorder;
use rust_common::scenarios::{Blocking, How, SpawnBlocking};
use tokio::task::{JoinError, JoinSet, spawn_blocking};

use crate::failed;
use crate::scheduler::tick;

pub async fn blocking(p: Blocking, latency: Arc<Recorder>) -> Outcome {
    let ticker = tokio::spawn(tick(p.ticks, latency));
    let mut blockers = JoinSet::new();
    for _ in 0..p.blockers {
        blockers.spawn(block(p));
    }
    let mut answer = ticker.await.map_err(failed)??;
    while let Some(blocker) = blockers.join_next().await {
        answer += blocker.map_err(failed)?.map_err(failed)?;
    }
    Ok(answer)
}

/// Answers how often it has blocked.
async fn block(p: Blocking) -> Result<u64, JoinError> {
    for _ in 0..p.blocks {
        match p.how {
            How::Inline => thread::sleep(Blocking::BLOCK),
            How::RunBlocking => spawn_blocking(|| thread::sleep(Blocking::BLOCK)).await?,
        }
    }
    Ok(p.blocks)
}

pub async fn spawn_batches(p: SpawnBlocking) -> Outcome {
    let mut submitters = JoinSet::new();
    for _ in 0..p.submitters {
        submitters.spawn(submit(p));
    }
    let mut sum = 0;
    while let Some(submitter) = submitters.join_next().await {
        sum += submitter.map_err(failed)?.map_err(failed)?;
    }
    Ok(sum)
}

/// As Tokio's own benchmark does it: all of a batch are spawned, and then awaited in order.
async fn submit(p: SpawnBlocking) -> Result<u64, JoinError> {
    let mut calls = Vec::new();
    let mut sum = 0;
    for _ in 0..p.batches {
        calls.extend((0..p.batch).map(|i| spawn_blocking(move || i)));
        for call in calls.drain(..) {
            sum += call.await?;
        }
    }
    Ok(sum)
}
