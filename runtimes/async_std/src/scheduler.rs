//! What the executor does under stress: many tasks at once, trees of them, wakes from outside, and
//! tasks that give way but seldom.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use async_std::channel::{self, Receiver};
use async_std::task::{self, JoinHandle};
use futures_channel::oneshot;
use rust_common::latency::Recorder;
use rust_common::outside;
use rust_common::scenarios::{
    Fairness, FanOut, Fib, Load, Nqueens, Placement, Scaling, SpawnMany, SpawnedFrom, Wake, Work,
};
use rust_common::wakes::{Acknowledged, wake_again_and_again};
use rust_common::work::toil;
use rust_common::{Failure, Outcome};

use crate::signals::{Arrivals, Hogs};
use crate::tasks::sum_of;
use crate::{tasks, time};

/// Detached tasks, which have nothing but this to tell that they ran.
pub async fn spawn_many(p: SpawnMany) -> Outcome {
    let busy = p.from == SpawnedFrom::OutsideBusy;
    let stallers = if busy { SpawnMany::STALLERS } else { 0 };
    let stallers = Hogs::start(stallers, SpawnMany::STALLING_STEPS);
    let ran = Arrivals::of(p.tasks);
    let spawn_them = {
        let ran = Arc::clone(&ran);
        move || spawn_all(p.tasks, &ran)
    };
    match p.from {
        SpawnedFrom::Worker => drop(task::spawn(async move { spawn_them() })),
        SpawnedFrom::OutsideIdle | SpawnedFrom::OutsideBusy => outside::call(spawn_them),
    }
    let answer = ran.all().await;
    stallers.stop().await;
    Ok(answer)
}

fn spawn_all(tasks: u64, ran: &Arc<Arrivals>) {
    for i in 0..tasks {
        let ran = Arc::clone(ran);
        task::spawn(async move { ran.arrive(i) });
    }
}

pub async fn fib(p: Fib) -> Outcome {
    Ok(fibonacci(p.n).await)
}

async fn fibonacci(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let task = spawn_fibonacci(n - 1);
    let own = fibonacci_in_place(n - 2).await;
    task.await + own
}

fn spawn_fibonacci(n: u64) -> JoinHandle<u64> {
    task::spawn(fibonacci(n))
}

/// In a box, because a future cannot contain itself.
fn fibonacci_in_place(n: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(fibonacci(n))
}

pub async fn nqueens(p: Nqueens) -> Outcome {
    Ok(place(Placement::default(), p.n).await)
}

async fn place(board: Placement, n: u64) -> u64 {
    if board.rows == n {
        return 1;
    }
    sum_of(
        board
            .next_ones(n)
            .map(|next| spawn_placement(next, n))
            .collect(),
    )
    .await
}

fn spawn_placement(board: Placement, n: u64) -> JoinHandle<u64> {
    task::spawn(place(board, n))
}

pub async fn fan_out(p: FanOut) -> Outcome {
    let mut leaves = 0;
    for _ in 0..p.rounds {
        leaves += tree(p.children, p.depth).await;
    }
    Ok(leaves)
}

async fn tree(children: u64, levels_below: u64) -> u64 {
    if levels_below == 0 {
        return 1;
    }
    sum_of(
        (0..children)
            .map(|_| spawn_tree(children, levels_below - 1))
            .collect(),
    )
    .await
}

fn spawn_tree(children: u64, levels_below: u64) -> JoinHandle<u64> {
    task::spawn(tree(children, levels_below))
}

pub async fn wake(p: Wake, latency: Arc<Recorder>) -> Outcome {
    let hogs = if p.state == Load::Busy { Wake::HOGS } else { 0 };
    let hogs = Hogs::start(hogs, Wake::STEPS);
    let (bell, rings) = channel::bounded(1);
    let acknowledged = Arc::new(Acknowledged::default());
    let sleeper = task::spawn(count_rings(rings, Arc::clone(&acknowledged), latency));
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

pub async fn fairness(p: Fairness, latency: Arc<Recorder>) -> Outcome {
    let hogs = Hogs::start(p.hogs, p.steps);
    let ticked = task::spawn(time::tick(p.ticks, latency)).await;
    hogs.stop().await;
    ticked
}

pub async fn scaling(p: Scaling) -> Outcome {
    match p.work {
        Work::Skynet => tasks::skynet(Scaling::SKYNET).await,
        Work::Fib => fib(Scaling::FIB).await,
        Work::Compute => {
            Ok(sum_of((0..Scaling::TASKS).map(|i| task::spawn(work(i))).collect()).await)
        }
    }
}

async fn work(index: u64) -> u64 {
    toil(Scaling::STEPS);
    index
}
