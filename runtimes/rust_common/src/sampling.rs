//! Takes one sample of a prepared cell.
//!
//! Inside the timed section lie, `iterations` times over: making the root of the run, waiting until
//! it has ended, and the scenario's own tasks, all of them. Outside lie: setting the runtime up,
//! reading parameters, reading the counters of the process, merging histograms. Of a scenario that
//! times a part of its run, all but that part lies outside too.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::{Beginning, Spent};
use crate::latency::{Bucket, Recorder, recording_ns};
use crate::process::{self, ThreadTimes};
use crate::scenarios::Cell;
use crate::{Failure, Outcome, Runtime, Setup, outside};

/// Totals over all runs of the sample.
pub struct Measured {
    pub spent: Spent,
    /// Of one run: of the first that differs from what is expected, if one does.
    pub answer: u64,
    pub answers_differ: bool,
    pub peak_rss_bytes: Option<u64>,
    pub threads_used: usize,
    pub counters: BTreeMap<&'static str, u64>,
    pub latencies: Vec<Bucket>,
    /// Where there are latencies.
    pub recording_ns: Option<u64>,
}

/// What the runs of a sample take place on.
pub enum Stage<R> {
    /// A runtime that lives through all of them.
    Runtime(R),
    /// None yet: each run makes its own and ends it.
    Bare(Setup),
}

impl<R: Runtime> Stage<R> {
    fn run(&mut self, cell: &Cell, latency: &Arc<Recorder>) -> Outcome {
        match self {
            Self::Runtime(runtime) => runtime.run(cell, latency),
            Self::Bare(how) => R::set_up(how)?.run(cell, latency),
        }
    }

    fn caller_is_worker(&self) -> bool {
        match self {
            Self::Runtime(runtime) => runtime.caller_is_worker(),
            // It starts threads and ends them, and that is work.
            Self::Bare(_) => true,
        }
    }
}

/// Percent of its own time that each run burns on top: plants a slowdown that a gate must find. 0
/// in real measurements.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slowdown {
    pub percent: u32,
}

/// The name of the thread that async-io starts to wait for sockets and timers while nobody else
/// does. It runs no task.
const REACTOR_THREAD: &str = "async-io";

/// How the names of threads begin that run what blocks, and no task. Runtimes that are built on the
/// crate blocking have such by themselves.
pub const THREAD_LENT_TO_BLOCKING_CALLS: &str = "blocking";

/// Of the threads that may run tasks. Not those that are lent to blocking calls, nor the one that scenarios spawn from outside with, nor the
/// one that calls us where it only waits for the root: that one is counted where it runs tasks
/// itself.
fn cpu_time_of_workers<R: Runtime>(stage: &Stage<R>) -> ThreadTimes {
    let outsider = outside::tid();
    let caller = (!stage.caller_is_worker()).then(|| nix::unistd::gettid().as_raw());
    process::cpu_time_of_threads(|tid, name| {
        outsider == Some(tid)
            || caller == Some(tid)
            || name == REACTOR_THREAD
            || name.starts_with(THREAD_LENT_TO_BLOCKING_CALLS)
    })
}

/// Runs the cell once. A panic is a failure of the run and of nothing else.
fn run_once<R: Runtime>(
    stage: &mut Stage<R>,
    cell: &Cell,
    latency: &Arc<Recorder>,
    slowdown: Slowdown,
) -> Outcome {
    let begin = Instant::now();
    let clocked_before = latency.clocked();
    // Safe because what a panic leaves behind is dropped with the runtime, and never run again.
    let ran = panic::catch_unwind(AssertUnwindSafe(|| stage.run(cell, latency)));
    let answer = ran.unwrap_or_else(|panic| Err(Failure::Failed(what_was_said(panic.as_ref()))))?;
    if slowdown.percent == 0 {
        return Ok(answer);
    }
    if cell.times_a_part() {
        let clocked = |spent: Option<Spent>| spent.map_or(Duration::ZERO, |spent| spent.time);
        let part = clocked(latency.clocked()) - clocked(clocked_before);
        latency.start_clock();
        burn(part * slowdown.percent / 100);
        latency.stop_clock();
    } else {
        burn(begin.elapsed() * slowdown.percent / 100);
    }
    Ok(answer)
}

fn what_was_said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .map_or_else(
            || "a run panicked".to_owned(),
            |text| format!("a run panicked: {text}"),
        )
}

fn burn(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// From the thread that set the runtime up. `iterations` is at least 1.
pub fn take_sample<R: Runtime>(
    stage: &mut Stage<R>,
    cell: &Cell,
    latency: &Arc<Recorder>,
    iterations: u64,
    slowdown: Slowdown,
) -> Result<Measured, Failure> {
    let expected = cell.expected();
    latency.take_buckets();
    latency.take_counts();
    latency.forget_clocked();

    let threads_before = cpu_time_of_workers(stage);
    let begin = Beginning::now();

    let mut answer = run_once(stage, cell, latency, slowdown)?;
    let mut answers_differ = false;
    for _ in 1..iterations {
        let next = run_once(stage, cell, latency, slowdown)?;
        answers_differ |= next != answer;
        if answer == expected {
            answer = next;
        }
    }

    let whole = begin.end();
    let threads_used = process::threads_used(&threads_before, &cpu_time_of_workers(stage));
    let spent = match latency.clocked() {
        Some(part) if cell.times_a_part() => part,
        None if cell.times_a_part() => {
            return Err(Failure::Failed(
                "the run never started its clock".to_owned(),
            ));
        }
        _ => whole,
    };
    let latencies = latency.take_buckets();
    Ok(Measured {
        spent,
        answer,
        answers_differ,
        peak_rss_bytes: process::peak_rss_bytes(),
        threads_used,
        counters: latency.take_counts(),
        recording_ns: (!latencies.is_empty()).then(recording_ns),
        latencies,
    })
}
