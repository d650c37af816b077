//! Takes one sample of a prepared cell.
//!
//! Inside the timed section lie, `iterations` times over: making the root of the run, waiting until
//! it has ended, and the scenario's own tasks, all of them. Outside lie: setting the runtime up,
//! reading parameters, reading the counters of the process, merging histograms.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::latency::{Bucket, Recorder};
use crate::process::{self, ContextSwitches, ThreadTimes};
use crate::scenarios::Cell;
use crate::{Failure, Outcome, Runtime, allocations, outside};

/// Totals over all runs of the sample.
pub struct Measured {
    pub ns: u64,
    pub cpu_ns: Option<u64>,
    /// Of one run: of the first that differs from what is expected, if one does.
    pub answer: u64,
    pub answers_differ: bool,
    pub allocations: u64,
    pub peak_rss_bytes: Option<u64>,
    pub context_switches: Option<ContextSwitches>,
    pub threads_used: usize,
    pub counters: BTreeMap<&'static str, u64>,
    pub latencies: Vec<Bucket>,
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

/// Of the threads that may run tasks. Not the one that scenarios spawn from outside with, nor the
/// one that calls us where it only waits for the root: that one is counted where it runs tasks
/// itself.
fn cpu_time_of_workers(runtime: &impl Runtime) -> ThreadTimes {
    let outsider = outside::tid();
    let caller = (!runtime.caller_is_worker()).then(|| nix::unistd::gettid().as_raw());
    process::cpu_time_of_threads(|tid, name| {
        outsider == Some(tid) || caller == Some(tid) || name == REACTOR_THREAD
    })
}

/// Runs the cell once. A panic is a failure of the run and of nothing else.
fn run_once<R: Runtime>(
    runtime: &mut R,
    cell: &Cell,
    latency: &Arc<Recorder>,
    slowdown: Slowdown,
) -> Outcome {
    let begin = Instant::now();
    // Safe because what a panic leaves behind is dropped with the runtime, and never run again.
    let ran = panic::catch_unwind(AssertUnwindSafe(|| runtime.run(cell, latency)));
    let answer = ran.unwrap_or_else(|panic| Err(Failure::Failed(what_was_said(panic.as_ref()))))?;
    if slowdown.percent != 0 {
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
    runtime: &mut R,
    cell: &Cell,
    latency: &Arc<Recorder>,
    iterations: u64,
    slowdown: Slowdown,
) -> Result<Measured, Failure> {
    let expected = cell.expected();
    latency.take_buckets();
    latency.take_counts();

    let threads_before = cpu_time_of_workers(runtime);
    let switches_before = ContextSwitches::so_far();
    let allocations_before = allocations::count();
    let cpu_before = process::cpu_time();
    let begin = Instant::now();

    let mut answer = run_once(runtime, cell, latency, slowdown)?;
    let mut answers_differ = false;
    for _ in 1..iterations {
        let next = run_once(runtime, cell, latency, slowdown)?;
        answers_differ |= next != answer;
        if answer == expected {
            answer = next;
        }
    }

    let ns = begin.elapsed().as_nanos() as u64; // 584 years fit.
    let cpu = process::cpu_time()
        .zip(cpu_before)
        .map(|(after, before)| after - before);
    let allocations = allocations::count() - allocations_before;
    let switches = ContextSwitches::so_far()
        .zip(switches_before)
        .map(|(after, before)| after.since(before));
    let threads_used = process::threads_used(&threads_before, &cpu_time_of_workers(runtime));
    Ok(Measured {
        ns,
        cpu_ns: cpu.map(|time| time.as_nanos() as u64), // 584 years fit.
        answer,
        answers_differ,
        allocations,
        peak_rss_bytes: process::peak_rss_bytes(),
        context_switches: switches,
        threads_used,
        counters: latency.take_counts(),
        latencies: latency.take_buckets(),
    })
}
