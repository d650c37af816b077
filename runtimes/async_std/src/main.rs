//! async-std as its users would write it: `task::spawn`, `async_std::channel`, `async_std::net`.
//!
//! There is one executor, and it is the process's: it starts when it is first used, with a thread
//! for each processor or as many as ASYNC_STD_THREAD_COUNT says, and never ends. So it outlives the
//! cells, and only the first hello can choose.
//!
//! The root of a run is spawned and not left to `block_on`, because the thread in `block_on` is no
//! worker of the executor; what a scenario spawns "from block_on" is the exception.

mod channels;
mod sockets;
mod tasks;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::OnceLock;

use async_std::task;
use rust_common::latency::Recorder;
use rust_common::scenarios::{Cell, Origin};
use rust_common::{Failure, Outcome, Setup, Subject, build, not_written_yet};

const THREAD_COUNT: &str = "ASYNC_STD_THREAD_COUNT";

/// How many threads the executor was started with.
static THREADS: OnceLock<usize> = OnceLock::new();

struct AsyncStd {
    threads: usize,
}

impl rust_common::Runtime for AsyncStd {
    fn subject() -> Subject {
        Subject {
            name: "async_std",
            version: build::version_of("async-std").to_owned(),
            variants: &[""],
            scheduling: |_| "work-stealing",
            io: "epoll",
            capabilities: &["timer", "net"],
        }
    }

    fn set_up(how: &Setup) -> Result<Self, Failure> {
        let wanted = how.threads_or_one_per_core();
        let threads = *THREADS.get_or_init(|| start(wanted));
        if threads != wanted {
            return Err(Failure::Unsupported(format!(
                "async-std's executor is the process's and runs on {threads} threads already: only a \
                 new process can have {wanted}"
            )));
        }
        Ok(Self { threads })
    }

    fn threads(&self) -> usize {
        self.threads
    }

    fn caller_is_worker(&self) -> bool {
        false
    }

    fn run(&mut self, cell: &Cell, latency: &Arc<Recorder>) -> Outcome {
        match cell {
            Cell::Spawn(p) if p.from == Origin::BlockOn => task::block_on(tasks::spawn(*p)),
            _ => task::block_on(task::spawn(root(*cell, Arc::clone(latency)))),
        }
    }
}

fn start(threads: usize) -> usize {
    // Safe because the first hello comes before anything has started a thread.
    unsafe { std::env::set_var(THREAD_COUNT, threads.to_string()) };
    // The reactor starts with its first timer: so that what we say of epoll is true from here on.
    task::block_on(task::spawn(task::sleep(std::time::Duration::ZERO)));
    threads
}

async fn root(cell: Cell, latency: Arc<Recorder>) -> Outcome {
    match cell {
        Cell::ChainedSpawn(p) => tasks::chained_spawn(p).await,
        Cell::Channel(p) => channels::channel(p).await,
        Cell::ChannelBackpressure(p) => channels::backpressure(p, latency).await,
        Cell::ChannelLatency(p) => channels::latency(p, latency).await,
        Cell::ChannelRing(p) => channels::ring(p).await,
        Cell::Join(p) => tasks::join(p).await,
        Cell::JoinCpu(p) => tasks::join_cpu(p).await,
        Cell::PingPong(p) => tasks::ping_pong(p).await,
        Cell::Proxy(p) => sockets::proxy(p, latency).await,
        Cell::Skynet(p) => tasks::skynet(p).await,
        Cell::Spawn(p) => tasks::spawn(p).await,
        Cell::Yield(p) => tasks::yields(p).await,
        other => Err(not_written_yet(&other)),
    }
}

fn main() -> ExitCode {
    rust_common::serve::main::<AsyncStd>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_common::{Runtime as _, check};

    /// Not written yet.
    const MISSING: &[&str] = &[
        "accept",
        "blocking",
        "bytes",
        "cancel_read",
        "cancel_storm",
        "connect_churn",
        "echo",
        "fairness",
        "fan_out",
        "fib",
        "file_read",
        "frame_size",
        "memory",
        "nqueens",
        "scaling",
        "select",
        "shutdown",
        "sleep_many",
        "spawn_blocking",
        "spawn_many",
        "startup",
        "stream",
        "timeout",
        "timer_lateness",
        "timers",
        "wake",
    ];

    /// One test, because there is one executor.
    #[test]
    fn every_scenario_answers_right_and_only_the_first_hello_chooses_the_threads() {
        check::every_scenario_but::<AsyncStd>(MISSING, "", 2);
        check::a_rendezvous_is_unsupported::<AsyncStd>("");
        let later = AsyncStd::set_up(&Setup {
            variant: "",
            threads: 3,
        });
        assert!(matches!(later, Err(Failure::Unsupported(_))));
    }
}
