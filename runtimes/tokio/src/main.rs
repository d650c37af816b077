//! Tokio as its users would write it: `tokio::spawn`, `tokio::sync`, `tokio::net`.
//!
//! The root of a run is spawned and not left to `block_on`, because the thread in `block_on` is no
//! worker of the multi-thread scheduler; what a scenario spawns "from block_on" is the exception.

mod blocking;
mod channels;
mod choice;
mod files;
mod footprint;
mod gathering;
mod scheduler;
mod server;
mod sockets;
mod streams;
mod tasks;
mod time;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rust_common::latency::Recorder;
use rust_common::sampling;
use rust_common::scenarios::{Cell, Origin, Startup};
use rust_common::{Failure, Outcome, Setup, Subject, build};
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
            capabilities: &["timer", "net", "file", "blocking"],
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
        let workers_are_there = Arc::new(AtomicBool::new(false));
        let is_lent = Arc::clone(&workers_are_there);
        let runtime = builder
            .enable_all()
            .thread_name_fn(move || name_of_next_thread(&is_lent))
            .build()
            .map_err(Failure::of("cannot start its threads"))?;
        // Relaxed: safe because a thread that sees it too late only has the other name.
        workers_are_there.store(true, Ordering::Relaxed);
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

/// Threads that are started after the workers are those that blocking calls run on. They have a name
/// of their own, by which they are told from threads that run tasks.
fn name_of_next_thread(workers_are_there: &AtomicBool) -> String {
    // Relaxed: pairs with the store in set_up(), on the same thread or before any task runs.
    if workers_are_there.load(Ordering::Relaxed) {
        sampling::THREAD_LENT_TO_BLOCKING_CALLS.to_owned()
    } else {
        "tokio-rt-worker".to_owned()
    }
}

async fn root(cell: Cell, latency: Arc<Recorder>) -> Outcome {
    match cell {
        Cell::Accept(p) => sockets::accept(p).await,
        Cell::Blocking(p) => blocking::blocking(p, latency).await,
        Cell::Bytes(p) => streams::bytes(p).await,
        Cell::CancelRead(p) => choice::cancel_read(p, latency).await,
        Cell::CancelStorm(p) => choice::cancel_storm(p, latency).await,
        Cell::ChainedSpawn(p) => tasks::chained_spawn(p).await,
        Cell::Channel(p) => channels::channel(p).await,
        Cell::ChannelBackpressure(p) => channels::backpressure(p, latency).await,
        Cell::ChannelLatency(p) => channels::latency(p, latency).await,
        Cell::ChannelRing(p) => channels::ring(p).await,
        Cell::ConnectChurn(p) => sockets::connect_churn(p, latency).await,
        Cell::Echo(p) => sockets::echo(p, latency).await,
        Cell::Fairness(p) => scheduler::fairness(p, latency).await,
        Cell::FanOut(p) => scheduler::fan_out(p).await,
        Cell::Fib(p) => scheduler::fib(p).await,
        Cell::FileRead(p) => files::file_read(p, latency).await,
        Cell::FrameSize(p) => footprint::frame_size(p, latency).await,
        Cell::Join(p) => tasks::join(p).await,
        Cell::JoinCpu(p) => tasks::join_cpu(p).await,
        Cell::Memory(p) => footprint::memory(p, latency).await,
        Cell::Nqueens(p) => scheduler::nqueens(p).await,
        Cell::PingPong(p) => tasks::ping_pong(p).await,
        Cell::Proxy(p) => sockets::proxy(p, latency).await,
        Cell::Scaling(p) => scheduler::scaling(p).await,
        Cell::Select(p) => choice::select(p).await,
        Cell::Shutdown(p) => choice::shutdown(p, latency).await,
        Cell::Skynet(p) => tasks::skynet(p).await,
        Cell::SleepMany(p) => time::sleep_many(p).await,
        Cell::Spawn(p) => tasks::spawn(p).await,
        Cell::SpawnBlocking(p) => blocking::spawn_batches(p).await,
        Cell::SpawnMany(p) => scheduler::spawn_many(p).await,
        // This task is the one that it is about.
        Cell::Startup(_) => Ok(Startup::ANSWER),
        Cell::Stream(p) => streams::stream(p).await,
        Cell::Timeout(p) => time::timeouts(p).await,
        Cell::TimerLateness(p) => time::timer_lateness(p, latency).await,
        Cell::Timers(p) => time::timers(p, latency).await,
        Cell::Wake(p) => scheduler::wake(p, latency).await,
        Cell::Yield(p) => tasks::yields(p).await,
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

    #[test]
    fn every_scenario_answers_right_on_two_workers() {
        check::every_scenario::<Tokio>(MULTI_THREAD, 2);
    }

    #[test]
    fn every_scenario_answers_right_on_the_calling_thread() {
        check::every_scenario::<Tokio>(CURRENT_THREAD, 1);
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
