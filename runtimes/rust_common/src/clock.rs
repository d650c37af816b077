//! What a stretch of time has cost the process: of a whole sample, or of the part of each run that a
//! scenario wants timed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::allocations;
use crate::process::{self, ContextSwitches};

/// Totals over one stretch, or over several. What the system does not tell is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    pub time: Duration,
    pub cpu: Option<Duration>,
    pub allocations: u64,
    pub context_switches: Option<ContextSwitches>,
}

impl Spent {
    const NOTHING: Spent = Spent {
        time: Duration::ZERO,
        cpu: Some(Duration::ZERO),
        allocations: 0,
        context_switches: Some(ContextSwitches {
            voluntary: 0,
            involuntary: 0,
        }),
    };

    fn plus(self, other: Spent) -> Spent {
        let switches = self.context_switches.zip(other.context_switches);
        Spent {
            time: self.time + other.time,
            cpu: self.cpu.zip(other.cpu).map(|(own, more)| own + more),
            allocations: self.allocations + other.allocations,
            context_switches: switches.map(|(own, more)| own.plus(more)),
        }
    }
}

/// The beginning of a stretch.
#[derive(Debug, Clone, Copy)]
pub struct Beginning {
    switches: Option<ContextSwitches>,
    allocations: u64,
    cpu: Option<Duration>,
    time: Instant,
}

impl Beginning {
    /// The time comes last, and in [`end`](Self::end) first: reading the others is not timed.
    pub fn now() -> Self {
        Self {
            switches: ContextSwitches::so_far(),
            allocations: allocations::count(),
            cpu: process::cpu_time(),
            time: Instant::now(),
        }
    }

    pub fn end(self) -> Spent {
        let time = self.time.elapsed();
        let cpu = process::cpu_time();
        let allocations = allocations::count();
        let switches = ContextSwitches::so_far();
        Spent {
            time,
            cpu: cpu.zip(self.cpu).map(|(after, before)| after - before),
            allocations: allocations - self.allocations,
            context_switches: switches
                .zip(self.switches)
                .map(|(after, before)| after.since(before)),
        }
    }
}

/// A clock that is started and stopped, from any thread, as often as wanted. What it has seen adds
/// up.
#[derive(Default)]
pub struct Stopwatch {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: Option<Beginning>,
    spent: Option<Spent>,
}

impl Stopwatch {
    /// Panics if it runs already: that is an error of the scenario.
    pub fn start(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(
            state.running.is_none(),
            "the clock was started, but it runs already: stop it first"
        );
        state.running = Some(Beginning::now());
    }

    /// Panics if it does not run.
    pub fn stop(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let beginning = state.running.take();
        let stretch = beginning
            .expect("the clock was stopped, but it does not run: start it first")
            .end();
        state.spent = Some(state.spent.unwrap_or(Spent::NOTHING).plus(stretch));
    }

    /// What it has seen so far, or `None` if it was never stopped.
    pub fn spent(&self) -> Option<Spent> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.spent
    }

    /// Forgets what it has seen, and that it runs.
    pub fn reset(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn only_what_lies_between_start_and_stop_counts_and_adds_up() {
        const PAUSE: Duration = Duration::from_millis(5);
        let clock = Stopwatch::default();
        assert_eq!(clock.spent(), None);
        let begin = Instant::now();
        for _ in 0..2 {
            clock.start();
            std::thread::sleep(PAUSE);
            drop(black_box(Box::new(1)));
            clock.stop();
            std::thread::sleep(PAUSE);
        }
        let spent = clock.spent().expect("it was stopped");
        assert!(spent.time >= 2 * PAUSE);
        assert!(spent.time <= begin.elapsed() - 2 * PAUSE);
        assert!(spent.allocations >= 2);
        assert!(spent.cpu.is_some());
        clock.reset();
        assert_eq!(clock.spent(), None);
    }

    #[test]
    #[should_panic(expected = "runs already")]
    fn a_clock_that_runs_is_not_started() {
        let clock = Stopwatch::default();
        clock.start();
        clock.start();
    }

    #[test]
    #[should_panic(expected = "does not run")]
    fn a_clock_that_does_not_run_is_not_stopped() {
        Stopwatch::default().stop();
    }
}
