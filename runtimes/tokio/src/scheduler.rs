//! What the scheduler does with many tasks: forking and joining, waking, being fair.

use std::sync::Arc;
use std::time::Duration;

use rust_common::countdown::StopFlag;
use rust_common::latency::Recorder;
use rust_common::outside;
use rust_common::scenarios::{
    Fairness, FanOut, Fib, Load, Nqueens, Placement, Scaling, SpawnMany, SpawnedFrom, Wake, Work,
};
use rust_common::wakes::{Acknowledged, wake_again_and_again};
use rust_common::work::toil;
use rust_common::{Failure, Outcome};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet, yield_now};
use tokio::time::{Instant, interval_at};

use crate::gathering::Gathering;
use crate::tasks::sum_of;
use crate::{failed, tasks};

/// Nobody joins them, as in Tokio's own benchmark of that name: the last one tells.
pub async fn spawn_many(p: SpawnMany) -> Outcome {
    let all = Gathering::of(p.tasks);
    let stallers = (p.from == SpawnedFrom::OutsideBusy)
        .then(|| Hogs::start(SpawnMany::STALLERS, SpawnMany::STALLING_STEPS));
    let (runtime, batch) = (Handle::current(), Arc::clone(&all));
    match p.from {
        SpawnedFrom::Worker => spawn_batch(&runtime, p.tasks, &batch),
        SpawnedFrom::OutsideIdle | SpawnedFrom::OutsideBusy => {
            outside::call(move || spawn_batch(&runtime, p.tasks, &batch));
        }
    }
    let sum = all.complete().await;
    if let Some(stallers) = stallers {
        stallers.stop().await?;
    }
    Ok(sum)
}

fn spawn_batch(runtime: &Handle, tasks: u64, batch: &Arc<Gathering>) {
    for i in 0..tasks {
        let batch = Arc::clone(batch);
        runtime.spawn(async move { batch.one_has_run(i) });
    }
}

/// Tasks that compute, let others run, and compute again.
struct Hogs {
    tasks: JoinSet<()>,
    stop: Arc<StopFlag>,
}

impl Hogs {
    fn start(count: u64, steps: u64) -> Self {
        let stop = Arc::new(StopFlag::default());
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let stop = Arc::clone(&stop);
            tasks.spawn(async move {
                while !stop.is_asked() {
                    toil(steps);
                    yield_now().await;
                }
            });
        }
        Self { tasks, stop }
    }

    async fn stop(mut self) -> Result<(), Failure> {
        self.stop.ask();
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(failed)?;
        }
        Ok(())
    }
}

pub async fn fib(p: Fib) -> Outcome {
    Ok(number(p.n).await)
}

/// One of the two calls is a task, the other is awaited in place.
async fn number(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let before = spawn_number(n - 1);
    let second_before = Box::pin(number(n - 2)).await;
    before.await.expect("no call panics") + second_before
}

/// A function of its own, because a future cannot contain itself.
fn spawn_number(n: u64) -> JoinHandle<u64> {
    tokio::spawn(number(n))
}

pub async fn nqueens(p: Nqueens) -> Outcome {
    Ok(solutions(Placement::default(), p.n).await)
}

async fn solutions(board: Placement, n: u64) -> u64 {
    if board.rows == n {
        return 1;
    }
    let further: Vec<_> = board
        .next_ones(n)
        .map(|next| spawn_solutions(next, n))
        .collect();
    let mut total = 0;
    for part in further {
        total += part.await.expect("no placement panics");
    }
    total
}

fn spawn_solutions(board: Placement, n: u64) -> JoinHandle<u64> {
    tokio::spawn(solutions(board, n))
}

pub async fn fan_out(p: FanOut) -> Outcome {
    let mut leaves = 0;
    for _ in 0..p.rounds {
        leaves += leaves_of(p.children, p.depth).await;
    }
    Ok(leaves)
}

async fn leaves_of(children: u64, depth: u64) -> u64 {
    if depth == 0 {
        return 1;
    }
    let subtrees: Vec<_> = (0..children)
        .map(|_| spawn_leaves(children, depth - 1))
        .collect();
    let mut total = 0;
    for subtree in subtrees {
        total += subtree.await.expect("no subtree panics");
    }
    total
}

fn spawn_leaves(children: u64, depth: u64) -> JoinHandle<u64> {
    tokio::spawn(leaves_of(children, depth))
}

pub async fn wake(p: Wake, latency: Arc<Recorder>) -> Outcome {
    let hogs = (p.state == Load::Busy).then(|| Hogs::start(Wake::HOGS, Wake::STEPS));
    let (waker, wakes) = mpsc::channel(1);
    let acknowledged = Arc::new(Acknowledged::default());
    let sleeper = tokio::spawn(sleep_and_wake(wakes, latency, Arc::clone(&acknowledged)));

    let (tell, ended) = oneshot::channel();
    outside::call(move || {
        let ended = wake_again_and_again(p, acknowledged, |now| {
            // There is room: the wake before has been acknowledged.
            let _ = waker.try_send(now);
        });
        drop(waker);
        drop(tell.send(ended));
    });
    ended
        .await
        .map_err(Failure::of("the outsider panicked"))??;
    let woken = sleeper.await.map_err(failed)?;
    if let Some(hogs) = hogs {
        hogs.stop().await?;
    }
    Ok(woken)
}

/// Answers how often it was woken.
async fn sleep_and_wake(
    mut wakes: mpsc::Receiver<std::time::Instant>,
    latency: Arc<Recorder>,
    acknowledged: Arc<Acknowledged>,
) -> u64 {
    let mut woken = 0;
    while let Some(sent) = wakes.recv().await {
        latency.record_since(sent);
        acknowledged.acknowledge();
        woken += 1;
    }
    woken
}

pub async fn fairness(p: Fairness, latency: Arc<Recorder>) -> Outcome {
    let hogs = Hogs::start(p.hogs, p.steps);
    let ticker = tokio::spawn(tick(p.ticks, latency));
    let ticked = ticker.await.map_err(failed)?;
    hogs.stop().await?;
    ticked
}

/// Wakes at fixed times, a millisecond apart, and notes how late it is. An interval that is late
/// catches up: that is its default.
pub async fn tick(ticks: u64, latency: Arc<Recorder>) -> Outcome {
    const PERIOD: Duration = Duration::from_millis(1);
    let mut interval = interval_at(Instant::now() + PERIOD, PERIOD);
    for _ in 0..ticks {
        let due = interval.tick().await;
        latency.record_lateness(due.into_std())?;
    }
    Ok(ticks)
}

pub async fn scaling(p: Scaling) -> Outcome {
    match p.work {
        Work::Skynet => tasks::skynet(Scaling::SKYNET).await,
        Work::Fib => fib(Scaling::FIB).await,
        Work::Compute => compute().await,
    }
}

async fn compute() -> Outcome {
    let child = |i| async move {
        toil(Scaling::STEPS);
        i
    };
    sum_of(
        (0..Scaling::TASKS)
            .map(|i| tokio::spawn(child(i)))
            .collect(),
    )
    .await
}
