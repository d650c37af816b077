//! What the executor does under stress: many tasks at once, trees of them, wakes from outside, and
//! tasks that give way but seldom.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use async_channel::Receiver;
use futures_channel::oneshot;
use rust_common::latency::Recorder;
use rust_common::outside;
use rust_common::scenarios::{
    Fairness, FanOut, Fib, Load, Nqueens, Placement, Scaling, SpawnMany, SpawnedFrom, Wake, Work,
};
use rust_common::wakes::{Acknowledged, wake_again_and_again};
use rust_common::work::toil;
use rust_common::{Failure, Outcome};
use smol::Task;

use crate::Spawner;
use crate::signals::{Arrivals, Hogs};
use crate::tasks::sum_of;
use crate::{tasks, time};

/// Detached tasks, which have nothing but this to tell that they ran.
pub async fn spawn_many(ex: Spawner, p: SpawnMany) -> Outcome {
    let busy = p.from == SpawnedFrom::OutsideBusy;
    let stallers = if busy { SpawnMany::STALLERS } else { 0 };
    let stallers = Hogs::start(ex, stallers, SpawnMany::STALLING_STEPS);
    let ran = Arrivals::of(p.tasks);
    let spawn_them = {
        let ran = Arc::clone(&ran);
        move || spawn_all(ex, p.tasks, &ran)
    };
    match p.from {
        SpawnedFrom::Worker => ex.spawn(async move { spawn_them() }).detach(),
        SpawnedFrom::OutsideIdle | SpawnedFrom::OutsideBusy => outside::call(spawn_them),
    }
    let answer = ran.all().await;
    stallers.stop().await;
    Ok(answer)
}

fn spawn_all(ex: Spawner, tasks: u64, ran: &Arc<Arrivals>) {
    for i in 0..tasks {
        let ran = Arc::clone(ran);
        ex.spawn(async move { ran.arrive(i) }).detach();
    }
}

pub async fn fib(ex: Spawner, p: Fib) -> Outcome {
    Ok(fibonacci(ex, p.n).await)
}

async fn fibonacci(ex: Spawner, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let task = spawn_fibonacci(ex, n - 1);
    let own = fibonacci_in_place(ex, n - 2).await;
    task.await + own
}

fn spawn_fibonacci(ex: Spawner, n: u64) -> Task<u64> {
    ex.spawn(fibonacci(ex, n))
}

/// In a box, because a future cannot contain itself.
fn fibonacci_in_place(ex: Spawner, n: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(fibonacci(ex, n))
}

pub async fn nqueens(ex: Spawner, p: Nqueens) -> Outcome {
    Ok(place(ex, Placement::default(), p.n).await)
}

async fn place(ex: Spawner, board: Placement, n: u64) -> u64 {
    if board.rows == n {
        return 1;
    }
    sum_of(
        board
            .next_ones(n)
            .map(|next| spawn_placement(ex, next, n))
            .collect(),
    )
    .await
}

fn spawn_placement(ex: Spawner, board: Placement, n: u64) -> Task<u64> {
    ex.spawn(place(ex, board, n))
}

pub async fn fan_out(ex: Spawner, p: FanOut) -> Outcome {
    let mut leaves = 0;
    for _ in 0..p.rounds {
        leaves += tree(ex, p.children, p.depth).await;
    }
    Ok(leaves)
}

async fn tree(ex: Spawner, children: u64, levels_below: u64) -> u64 {
    if levels_below == 0 {
        return 1;
    }
    sum_of(
        (0..children)
            .map(|_| spawn_tree(ex, children, levels_below - 1))
            .collect(),
    )
    .await
}

fn spawn_tree(ex: Spawner, children: u64, levels_below: u64) -> Task<u64> {
    ex.spawn(tree(ex, children, levels_below))
}

pub async fn wake(ex: Spawner, p: Wake, latency: Arc<Recorder>) -> Outcome {
    let hogs = if p.state == Load::Busy { Wake::HOGS } else { 0 };
    let hogs = Hogs::start(ex, hogs, Wake::STEPS);
    let (bell, rings) = async_channel::bounded(1);
    let acknowledged = Arc::new(Acknowledged::default());
    let sleeper = ex.spawn(count_rings(rings, Arc::clone(&acknowledged), latency));
    let (tell, told) = oneshot::channel();
    outside::call(move || {
        // There is room: it waits for each ring to be heard.
        let ring = |now| {
            let _ = bell.try_send(now);
        };
        drop(tell.send(wake_again_and_again(p, acknowledged, ring)));
    });
    let rung = told.await.map_err(Failure::of("the outsider panicked"));
    let heard = sleeper.await;
    hogs.stop().await;
    rung??;
    Ok(heard)
}

/// Answers how often it was woken.
async fn count_rings(
    rings: Receiver<Instant>,
    acknowledged: Arc<Acknowledged>,
    latency: Arc<Recorder>,
) -> u64 {
    let mut heard = 0;
    while let Ok(rung) = rings.recv().await {
        latency.record_since(rung);
        heard += 1;
        acknowledged.acknowledge();
    }
    heard
}

pub async fn fairness(ex: Spawner, p: Fairness, latency: Arc<Recorder>) -> Outcome {
    let hogs = Hogs::start(ex, p.hogs, p.steps);
    let ticked = ex.spawn(time::tick(p.ticks, latency)).await;
    hogs.stop().await;
    ticked
}

pub async fn scaling(ex: Spawner, p: Scaling) -> Outcome {
    match p.work {
        Work::Skynet => tasks::skynet(ex, Scaling::SKYNET).await,
        Work::Fib => fib(ex, Scaling::FIB).await,
        Work::Compute => Ok(sum_of((0..Scaling::TASKS).map(|i| ex.spawn(work(i))).collect()).await),
    }
}

async fn work(index: u64) -> u64 {
    toil(Scaling::STEPS);
    index
}
