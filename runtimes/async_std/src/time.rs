//! Timers: creating, firing and cancelling them, how late they are, and what they limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_std::future;
use async_std::task::{self, yield_now};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::poll;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rust_common::latency::Recorder;
use rust_common::scenarios::{Phase, SleepMany, TimedBody, Timeout, TimerLateness, Timers};
use rust_common::{Failure, Outcome};

use crate::tasks::{joined, sum_of};

pub async fn timers(p: Timers, latency: Arc<Recorder>) -> Outcome {
    match p.phase {
        Phase::Create => {
            let mut sleeps = sleeps(p.timers);
            latency.start_clock();
            let all = create(&mut sleeps).await;
            latency.stop_clock();
            all?;
            Ok(p.timers)
        }
        Phase::Fire => fire(p, latency).await,
        Phase::Cancel => {
            let mut sleeps = sleeps(p.timers);
            create(&mut sleeps).await?;
            latency.start_clock();
            for i in p.order_of_cancelling() {
                sleeps[i] = None;
            }
            latency.stop_clock();
            Ok(p.timers)
        }
    }
}

/// async-std has no timer to name: this is the future that has one.
type Sleep = BoxFuture<'static, ()>;

fn sleeps(count: u64) -> Vec<Option<Sleep>> {
    (0..count)
        .map(|_| Some(task::sleep(Timers::FAR_AWAY).boxed()))
        .collect()
}

/// The timer of a sleep is created, and registered, when it is polled for the first time.
async fn create(sleeps: &mut [Option<Sleep>]) -> Result<(), Failure> {
    for sleep in sleeps.iter_mut().flatten() {
        if poll!(sleep).is_ready() {
            return Err(Failure::Failed("a timer fired an hour early".to_owned()));
        }
    }
    Ok(())
}

async fn fire(p: Timers, latency: Arc<Recorder>) -> Outcome {
    let mut alarms = register_in_time(p).await?;
    latency.start_clock();
    let mut fired = 0;
    while let Some(index) = alarms.next().await {
        fired += index;
    }
    latency.stop_clock();
    Ok(fired)
}

/// Timers of which the first is due now. All of them were there before: how long that takes is
/// estimated, and where a busy machine belies the estimate they are made anew, with more patience.
async fn register_in_time(
    p: Timers,
) -> Result<FuturesUnordered<impl Future<Output = u64>>, Failure> {
    let begin = Instant::now();
    drop(register((0..p.probes()).map(|i| alarm(begin + Timers::FAR_AWAY, i))).await?);
    let probing = begin.elapsed();
    for attempt in 0..Timers::ATTEMPTS {
        let first_due = p.first_due(probing * 2u32.pow(attempt));
        let alarms = register((0..p.timers).map(|i| alarm(p.due(first_due, i), i))).await;
        if Timers::wait_until_due(first_due).is_ok() {
            return alarms;
        }
    }
    Err(Timers::too_late())
}

async fn alarm(due: Instant, index: u64) -> u64 {
    sleep_until(due).await;
    index
}

/// Timers, all of them registered: the set polls each once before it answers that none is ready.
async fn register<F: Future<Output = u64>>(
    alarms: impl Iterator<Item = F>,
) -> Result<FuturesUnordered<F>, Failure> {
    let mut alarms: FuturesUnordered<F> = alarms.collect();
    if poll!(alarms.next()).is_ready() {
        return Err(Failure::Failed(
            "a timer fired before all of them were created".to_owned(),
        ));
    }
    Ok(alarms)
}

pub async fn timer_lateness(p: TimerLateness, latency: Arc<Recorder>) -> Outcome {
    let sleeps = (0..p.sleeps)
        .map(|i| task::spawn(sleep(p.duration_of(i), Arc::clone(&latency))))
        .collect();
    joined(sleeps).await
}

async fn sleep(duration: Duration, latency: Arc<Recorder>) -> Outcome {
    let due = Instant::now() + duration;
    task::sleep(duration).await;
    latency.record_lateness(due)?;
    Ok(1)
}

/// async-std sleeps for a time, not until one.
async fn sleep_until(due: Instant) {
    task::sleep(due.saturating_duration_since(Instant::now())).await;
}

/// A tick each millisecond, at fixed times however late the one before was. Answers how many.
pub async fn tick(ticks: u64, latency: Arc<Recorder>) -> Outcome {
    let begin = Instant::now();
    for i in 1..=ticks {
        let due = begin + Duration::from_millis(i);
        sleep_until(due).await;
        latency.record_lateness(due)?;
    }
    Ok(ticks)
}

pub async fn timeout(p: Timeout) -> Outcome {
    let mut in_time = 0;
    for i in 0..p.operations {
        in_time += future::timeout(Timeout::LIMIT, operation(p.body, i))
            .await
            .unwrap_or(0);
    }
    Ok(in_time)
}

async fn operation(body: TimedBody, index: u64) -> u64 {
    if body == TimedBody::Yield {
        yield_now().await;
    }
    index
}

pub async fn sleep_many(p: SleepMany) -> Outcome {
    let sleep = |i| async move {
        task::sleep(Duration::from_micros(p.delay_us)).await;
        i
    };
    Ok(sum_of((0..p.tasks).map(|i| task::spawn(sleep(i))).collect()).await)
}
