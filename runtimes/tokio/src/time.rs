//! Timers and sleeps.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use rust_common::latency::Recorder;
use rust_common::scenarios::{Phase, SleepMany, TimedBody, Timeout, TimerLateness, Timers};
use rust_common::{Failure, Outcome};
use tokio::task::{JoinSet, coop::unconstrained, yield_now};
use tokio::time::{Sleep, sleep, sleep_until, timeout};

use crate::failed;
use crate::tasks::sum_of;

/// A timer without a task of its own.
type Alarm = Pin<Box<Sleep>>;

pub async fn timers(p: Timers, latency: Arc<Recorder>) -> Outcome {
    match p.phase {
        Phase::Create => create(p, &latency).await,
        Phase::Fire => fire(p, &latency).await,
        Phase::Cancel => cancel(p, &latency).await,
    }
}

async fn create(p: Timers, latency: &Recorder) -> Outcome {
    let mut alarms = Vec::with_capacity(p.timers as usize); // Safe because usize has 64 bits here.
    latency.start_clock();
    set(&mut alarms, p.timers).await;
    latency.stop_clock();
    Ok(pending(&alarms))
}

async fn cancel(p: Timers, latency: &Recorder) -> Outcome {
    let mut alarms = Vec::new();
    set(&mut alarms, p.timers).await;
    let unfired = pending(&alarms);
    let mut alarms: Vec<_> = alarms.into_iter().map(Some).collect();
    latency.start_clock();
    for i in p.order_of_cancelling() {
        alarms[i] = None;
    }
    latency.stop_clock();
    Ok(unfired)
}

/// Sets timers that nobody is to see fire. A sleep is set when it is first polled; the budget of a
/// task, which is for those who wait for many things, is not asked.
async fn set(alarms: &mut Vec<Alarm>, count: u64) {
    let due = tokio::time::Instant::now() + Timers::FAR_AWAY;
    let set_all = std::future::poll_fn(|context| {
        for _ in 0..count {
            let mut alarm = Box::pin(sleep_until(due));
            // Whether it has fired is asked later.
            let _ = alarm.as_mut().poll(context);
            alarms.push(alarm);
        }
        Poll::Ready(())
    });
    unconstrained(set_all).await;
}

fn pending(alarms: &[Alarm]) -> u64 {
    alarms.iter().filter(|alarm| !alarm.is_elapsed()).count() as u64
}

/// One task waits for all of them. Without a budget: with one, each turn of the task would take 128 of
/// those that have fired, and poll all others for nothing.
async fn fire(p: Timers, latency: &Recorder) -> Outcome {
    let (mut alarms, first) = set_in_time(p).await?;
    let all_fire = async {
        let (mut sum, mut seen) = (0, first);
        while let Some(i) = alarms.next().await {
            p.check_not_early(first, i, &mut seen)?;
            sum += i;
        }
        Ok(sum)
    };
    latency.start_clock();
    let sum = unconstrained(all_fire).await;
    latency.stop_clock();
    sum
}

/// Waits until the first is due, too. Answers when that was.
async fn set_in_time(
    p: Timers,
) -> Result<(FuturesUnordered<impl Future<Output = u64>>, Instant), Failure> {
    let begin = Instant::now();
    drop(set_to_fire(p, p.probes(), begin + Timers::FAR_AWAY).await);
    let probing = begin.elapsed();
    for attempt in 0..Timers::ATTEMPTS {
        let first = p.first_due(probing * 2u32.pow(attempt));
        if let Some(alarms) = set_to_fire(p, p.timers, first).await {
            if Timers::wait_until_due(first).is_ok() {
                return Ok((alarms, first));
            }
        }
    }
    Err(Timers::too_late())
}

/// `None` if one fired before the last was set.
async fn set_to_fire(
    p: Timers,
    count: u64,
    first: Instant,
) -> Option<FuturesUnordered<impl Future<Output = u64>>> {
    let set = Arc::new(AtomicU64::new(0));
    let mut alarms: FuturesUnordered<_> = (0..count)
        .map(|i| {
            let (set, due) = (Arc::clone(&set), p.due(first, i));
            async move {
                // Relaxed: safe because the one task that runs all of them also reads it.
                set.fetch_add(1, Ordering::Relaxed);
                sleep_until(due.into()).await;
                i
            }
        })
        .collect();
    while set.load(Ordering::Relaxed) < count {
        let polled = unconstrained(async { futures_util::poll!(alarms.next()) }).await;
        if polled.is_ready() {
            return None;
        }
        yield_now().await;
    }
    Some(alarms)
}

pub async fn timer_lateness(p: TimerLateness, latency: Arc<Recorder>) -> Outcome {
    let mut sleepers = JoinSet::new();
    for i in 0..p.sleeps {
        let latency = Arc::clone(&latency);
        sleepers.spawn(async move {
            let due = tokio::time::Instant::now() + p.duration_of(i);
            sleep_until(due).await;
            latency.record_lateness(due.into_std())
        });
    }
    let mut woken = 0;
    while let Some(sleeper) = sleepers.join_next().await {
        sleeper.map_err(failed)??;
        woken += 1;
    }
    Ok(woken)
}

pub async fn timeouts(p: Timeout) -> Outcome {
    let mut in_time = 0;
    for i in 0..p.operations {
        if let Ok(answer) = timeout(Timeout::LIMIT, operation(i, p.body)).await {
            in_time += answer;
        }
    }
    Ok(in_time)
}

async fn operation(i: u64, body: TimedBody) -> u64 {
    if body == TimedBody::Yield {
        yield_now().await;
    }
    i
}

pub async fn sleep_many(p: SleepMany) -> Outcome {
    let sleeper = |i| async move {
        sleep(Duration::from_micros(p.delay_us)).await;
        i
    };
    sum_of((0..p.tasks).map(|i| tokio::spawn(sleeper(i))).collect()).await
}
