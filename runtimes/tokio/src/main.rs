//! Tokio as its users would write it: `tokio::spawn`, `tokio::sync`, `tokio::net`.
//!
//! The root of a run is spawned and not left to `block_on`, because the thread in `block_on` is no
//! worker of the multi-thread scheduler; what a scenario spawns "from block_on" is the exception.

mod channels;
mod sockets;
mod tasks;

use std::process::ExitCode;
use std::sync::Arc;

use rust_common::latency::Recorder;
use rust_common::scenarios::{Cell, Origin};
use rust_common::{Failure, Outcome, Setup, Subject, build, not_written_yet};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinError;

const MULTI_THREAD: &str = "multi_thread";
const CURRENT_THREAD: &str = "current_thread";

struct Tokio {
    runtime: Runtime,
    caller_is_worker: bool,
}

impl rust_common::Runtime for Tokio {
    fn subject() -> Subject {
        Subject {
            name: "tokio",
            version: build::version_of("tokio").to_owned(),
            variants: &[MULTI_THREAD, CURRENT_THREAD],
            scheduling: |variant| {
                if variant == CURRENT_THREAD {
                    "single-threaded"
                } else {
                    "work-stealing"
                }
            },
            io: "epoll",
            capabilities: &["timer", "net"],
        }
    }

    fn set_up(how: &Setup) -> Result<Self, Failure> {
        let caller_is_worker = how.variant == CURRENT_THREAD;
        let mut builder = if caller_is_worker {
            Builder::new_current_thread()
        } else {
            Builder::new_multi_thread()
        };
        if how.threads != 0 && !caller_is_worker {
            builder.worker_threads(how.threads);
        }
        let runtime = builder
            .enable_all()
            .build()
            .map_err(Failure::of("cannot start its threads"))?;
        Ok(Self {
            runtime,
            caller_is_worker,
        })
    }

    fn threads(&self) -> usize {
        self.runtime.metrics().num_workers()
    }

    fn caller_is_worker(&self) -> bool {
        self.caller_is_worker
    }

    fn run(&mut self, cell: &Cell, latency: &Arc<Recorder>) -> Outcome {
        match cell {
            Cell::Spawn(p) if p.from == Origin::BlockOn => self.runtime.block_on(tasks::spawn(*p)),
            _ => {
                let root = self.runtime.spawn(root(*cell, Arc::clone(latency)));
                self.runtime.block_on(root).map_err(failed)?
            }
        }
    }
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

/// A task that panicked.
fn failed(error: JoinError) -> Failure {
    Failure::Failed(error.to_string())
}

fn main() -> ExitCode {
    rust_common::serve::main::<Tokio>()
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

    #[test]
    fn every_scenario_answers_right_on_two_workers() {
        check::every_scenario_but::<Tokio>(MISSING, MULTI_THREAD, 2);
    }

    #[test]
    fn every_scenario_answers_right_on_the_calling_thread() {
        check::every_scenario_but::<Tokio>(MISSING, CURRENT_THREAD, 1);
    }

    #[test]
    fn it_says_how_many_threads_there_are_and_not_how_many_were_asked_for() {
        let threads = |variant, threads| {
            Tokio::set_up(&Setup { variant, threads })
                .expect("it can be set up")
                .threads()
        };
        assert_eq!(threads(MULTI_THREAD, 3), 3);
        assert_eq!(threads(CURRENT_THREAD, 3), 1);
    }

    #[test]
    fn a_rendezvous_is_unsupported() {
        check::a_rendezvous_is_unsupported::<Tokio>(MULTI_THREAD);
    }
}
