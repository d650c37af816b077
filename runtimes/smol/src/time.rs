//! Timers: creating, firing and cancelling them, how late they are, and what they limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use rust_common::latency::Recorder;
use rust_common::scenarios::{Phase, SleepMany, TimedBody, Timeout, TimerLateness, Timers};
use rust_common::{Failure, Outcome};
use smol::Timer;
use smol::future::{self, yield_now};

use crate::Spawner;
use crate::tasks::{joined, sum_of};

pub async fn timers(p: Timers, latency: Arc<Recorder>) -> Outcome {
    match p.phase {
        Phase::Create => {
            latency.start_clock();
            let timers = create(p.timers).await;
            latency.stop_clock();
            timers?;
            Ok(p.timers)
        }
        Phase::Fire => fire(p, latency).await,
        Phase::Cancel => {
            let mut timers = create(p.timers).await?;
            latency.start_clock();
            for i in p.order_of_cancelling() {
                timers[i] = None;
            }
            latency.stop_clock();
            Ok(p.timers)
        }
    }
}

/// Timers that will not fire. A timer is registered when it is polled for the first time.
async fn create(count: u64) -> Result<Vec<Option<Timer>>, Failure> {
    let mut timers = Vec::with_capacity(count as usize); // Safe because usize has 64 bits here.
    for _ in 0..count {
        let mut timer = Timer::after(Timers::FAR_AWAY);
        if future::poll_once(&mut timer).await.is_some() {
            return Err(Failure::Failed("a timer fired an hour early".to_owned()));
        }
        timers.push(Some(timer));
    }
    Ok(timers)
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
    Timer::at(due).await;
    index
}

/// Timers, all of them registered: the set polls each once before it answers that none is ready.
async fn register<F: Future<Output = u64>>(
    alarms: impl Iterator<Item = F>,
) -> Result<FuturesUnordered<F>, Failure> {
    let mut alarms: FuturesUnordered<F> = alarms.collect();
    match future::poll_once(alarms.next()).await {
        None => Ok(alarms),
        Some(_) => Err(Failure::Failed(
            "a timer fired before all of them were created".to_owned(),
        )),
    }
}

pub async fn timer_lateness(ex: Spawner, p: TimerLateness, latency: Arc<Recorder>) -> Outcome {
    let sleeps = (0..p.sleeps)
        .map(|i| ex.spawn(sleep(p.duration_of(i), Arc::clone(&latency))))
        .collect();
    joined(sleeps).await
}

async fn sleep(duration: Duration, latency: Arc<Recorder>) -> Outcome {
    sleep_until(Instant::now() + duration, &latency).await?;
    Ok(1)
}

/// Records how late it wakes. Fails if it wakes too early.
async fn sleep_until(due: Instant, latency: &Recorder) -> Result<(), Failure> {
    Timer::at(due).await;
    latency.record_lateness(due)
}

/// A tick each millisecond, at fixed times however late the one before was. Answers how many.
pub async fn tick(ticks: u64, latency: Arc<Recorder>) -> Outcome {
    let begin = Instant::now();
    for i in 1..=ticks {
        sleep_until(begin + Duration::from_millis(i), &latency).await?;
    }
    Ok(ticks)
}

pub async fn timeout(p: Timeout) -> Outcome {
    let mut in_time = 0;
    for i in 0..p.operations {
        in_time += within(Timeout::LIMIT, operation(p.body, i))
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

/// What `operation` answers, or `None` if that takes longer.
pub async fn within<T>(limit: Duration, operation: impl Future<Output = T>) -> Option<T> {
    let answer = async { Some(operation.await) };
    let alarm = async {
        Timer::after(limit).await;
        None
    };
    future::or(answer, alarm).await
}

pub async fn sleep_many(ex: Spawner, p: SleepMany) -> Outcome {
    let sleep = |i| async move {
        Timer::after(Duration::from_micros(p.delay_us)).await;
        i
    };
    Ok(sum_of((0..p.tasks).map(|i| ex.spawn(sleep(i))).collect()).await)
}
