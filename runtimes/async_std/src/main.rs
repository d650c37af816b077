//! async-std as its users would write it: `task::spawn`, `async_std::channel`, `async_std::net`.
//!
//! There is one executor, and it is the process's: it starts when it is first used, with a thread
//! for each processor or as many as ASYNC_STD_THREAD_COUNT says, and never ends. So it outlives the
//! cells, and only the first hello can choose.
//!
//! The root of a run is spawned and not left to `block_on`, because the thread in `block_on` is no
//! worker of the executor; what a scenario spawns "from block_on" is the exception.

mod blocking;
mod channels;
mod choice;
mod files;
mod footprint;
mod scheduler;
mod server;
mod signals;
mod sockets;
mod streams;
mod tasks;
mod time;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::OnceLock;

use async_std::task;
use rust_common::latency::Recorder;
use rust_common::scenarios::{Cell, Origin};
use rust_common::{Failure, Outcome, Setup, Subject, build};

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
            capabilities: &["timer", "net", "file", "blocking"],
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
        Cell::SpawnBlocking(p) => blocking::spawn_blocking(p).await,
        Cell::SpawnMany(p) => scheduler::spawn_many(p).await,
        Cell::Startup(_) => Err(never_starts_anew()),
        Cell::Stream(p) => streams::stream(p).await,
        Cell::Timeout(p) => time::timeout(p).await,
        Cell::TimerLateness(p) => time::timer_lateness(p, latency).await,
        Cell::Timers(p) => time::timers(p, latency).await,
        Cell::Wake(p) => scheduler::wake(p, latency).await,
        Cell::Yield(p) => tasks::yields(p).await,
    }
}

fn never_starts_anew() -> Failure {
    Failure::Unsupported(
        "async-std's executor is the process's: it starts once and never ends".to_owned(),
    )
}

fn main() -> ExitCode {
    rust_common::serve::main::<AsyncStd>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_common::{Runtime as _, check};

    /// One test, because there is one executor.
    #[test]
    fn every_scenario_answers_right_and_only_the_first_hello_chooses_the_threads() {
        check::every_scenario_but::<AsyncStd>(&["startup"], "", 2);
        check::a_rendezvous_is_unsupported::<AsyncStd>("");
        let later = AsyncStd::set_up(&Setup {
            variant: "",
            threads: 3,
        });
        assert!(matches!(later, Err(Failure::Unsupported(_))));
    }
}
