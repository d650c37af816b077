//! smol as its documentation shows it: an `async_executor::Executor`, driven by as many threads as
//! there are processors, with channels of async-channel and futures of futures-util.
//!
//! smol's global executor (`smol::spawn`) is the same executor, but runs on one thread unless the
//! environment says otherwise. Other runtimes have one thread a processor by default, so ours is
//! made equal to theirs.
//!
//! The root of a run is spawned and not left to `block_on`, because the thread in `block_on` is no
//! worker of an executor that others drive; what a scenario spawns "from block_on" is the
//! exception.

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

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use async_channel::Sender;
use async_executor::Executor;
use rust_common::latency::Recorder;
use rust_common::scenarios::{Cell, Origin, Startup};
use rust_common::{Failure, Outcome, Setup, Subject, build};
use smol::Timer;

const MULTI_THREAD: &str = "multi_thread";
const CURRENT_THREAD: &str = "current_thread";

/// What tasks are spawned on. Leaked, one for each cell that is prepared, so that any task may hold
/// it.
type Spawner = &'static Executor<'static>;

struct Smol {
    executor: Spawner,
    workers: Vec<JoinHandle<()>>,
    /// Workers run until it is dropped. Without workers the calling thread drives the executor.
    shutdown: Option<Sender<()>>,
}

impl rust_common::Runtime for Smol {
    fn subject() -> Subject {
        let (smol, executor) = (
            build::version_of("smol"),
            build::version_of("async-executor"),
        );
        Subject {
            name: "smol",
            version: format!("{smol} (async-executor {executor})"),
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
        let executor: Spawner = Box::leak(Box::new(Executor::new()));
        // The reactor starts with its first timer: so that what we say of epoll is true from here
        // on.
        smol::block_on(async { Timer::after(std::time::Duration::ZERO).await });
        let mut runtime = Self {
            executor,
            workers: Vec::new(),
            shutdown: None,
        };
        if how.variant == MULTI_THREAD {
            runtime
                .start_workers(how.threads_or_one_per_core())
                .map_err(Failure::of("cannot start its threads"))?;
        }
        Ok(runtime)
    }

    fn threads(&self) -> usize {
        self.workers.len().max(1)
    }

    fn caller_is_worker(&self) -> bool {
        self.workers.is_empty()
    }

    fn run(&mut self, cell: &Cell, latency: &Arc<Recorder>) -> Outcome {
        match cell {
            Cell::Spawn(p) if p.from == Origin::BlockOn => {
                self.block_on(tasks::spawn(self.executor, *p))
            }
            _ => self.block_on(self.executor.spawn(root(
                self.executor,
                *cell,
                Arc::clone(latency),
            ))),
        }
    }
}

impl Smol {
    fn start_workers(&mut self, threads: usize) -> std::io::Result<()> {
        let (sender, shutdown) = async_channel::bounded::<()>(1);
        self.shutdown = Some(sender);
        for i in 0..threads {
            let (executor, shutdown) = (self.executor, shutdown.clone());
            // Like smol's own workers, it outlives a task that panics: that concerns who awaits it.
            // A receive that fails is how it learns that it is over.
            let run = move || smol::block_on(executor.run(shutdown.recv()));
            let work = move || while panic::catch_unwind(AssertUnwindSafe(&run)).is_err() {};
            self.workers.push(
                thread::Builder::new()
                    .name(format!("smol-{i}"))
                    .spawn(work)?,
            );
        }
        Ok(())
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        if self.workers.is_empty() {
            smol::block_on(self.executor.run(future))
        } else {
            smol::block_on(future)
        }
    }
}

impl Drop for Smol {
    fn drop(&mut self) {
        self.shutdown = None;
        for worker in self.workers.drain(..) {
            worker.join().expect("a worker outlives what panics");
        }
    }
}

async fn root(ex: Spawner, cell: Cell, latency: Arc<Recorder>) -> Outcome {
    match cell {
        Cell::Accept(p) => sockets::accept(ex, p).await,
        Cell::Blocking(p) => blocking::blocking(ex, p, latency).await,
        Cell::Bytes(p) => streams::bytes(ex, p).await,
        Cell::CancelRead(p) => choice::cancel_read(ex, p, latency).await,
        Cell::CancelStorm(p) => choice::cancel_storm(ex, p, latency).await,
        Cell::ChainedSpawn(p) => tasks::chained_spawn(ex, p).await,
        Cell::Channel(p) => channels::channel(ex, p).await,
        Cell::ChannelBackpressure(p) => channels::backpressure(ex, p, latency).await,
        Cell::ChannelLatency(p) => channels::latency(ex, p, latency).await,
        Cell::ChannelRing(p) => channels::ring(ex, p).await,
        Cell::ConnectChurn(p) => sockets::connect_churn(ex, p, latency).await,
        Cell::Echo(p) => sockets::echo(ex, p, latency).await,
        Cell::Fairness(p) => scheduler::fairness(ex, p, latency).await,
        Cell::FanOut(p) => scheduler::fan_out(ex, p).await,
        Cell::Fib(p) => scheduler::fib(ex, p).await,
        Cell::FileRead(p) => files::file_read(ex, p, latency).await,
        Cell::FrameSize(p) => footprint::frame_size(ex, p, latency).await,
        Cell::Join(p) => tasks::join(ex, p).await,
        Cell::JoinCpu(p) => tasks::join_cpu(ex, p).await,
        Cell::Memory(p) => footprint::memory(ex, p, latency).await,
        Cell::Nqueens(p) => scheduler::nqueens(ex, p).await,
        Cell::PingPong(p) => tasks::ping_pong(ex, p).await,
        Cell::Proxy(p) => sockets::proxy(ex, p, latency).await,
        Cell::Scaling(p) => scheduler::scaling(ex, p).await,
        Cell::Select(p) => choice::select(ex, p).await,
        Cell::Shutdown(p) => choice::shutdown(ex, p, latency).await,
        Cell::Skynet(p) => tasks::skynet(ex, p).await,
        Cell::SleepMany(p) => time::sleep_many(ex, p).await,
        Cell::Spawn(p) => tasks::spawn(ex, p).await,
        Cell::SpawnBlocking(p) => blocking::spawn_blocking(ex, p).await,
        Cell::SpawnMany(p) => scheduler::spawn_many(ex, p).await,
        Cell::Startup(_) => Ok(Startup::ANSWER),
        Cell::Stream(p) => streams::stream(ex, p).await,
        Cell::Timeout(p) => time::timeout(p).await,
        Cell::TimerLateness(p) => time::timer_lateness(ex, p, latency).await,
        Cell::Timers(p) => time::timers(p, latency).await,
        Cell::Wake(p) => scheduler::wake(ex, p, latency).await,
        Cell::Yield(p) => tasks::yields(ex, p).await,
    }
}

fn main() -> ExitCode {
    rust_common::serve::main::<Smol>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_common::{Runtime as _, check};

    #[test]
    fn every_scenario_answers_right_on_two_workers() {
        check::every_scenario::<Smol>(MULTI_THREAD, 2);
    }

    #[test]
    fn every_scenario_answers_right_on_the_calling_thread() {
        check::every_scenario::<Smol>(CURRENT_THREAD, 1);
    }

    #[test]
    fn it_says_how_many_threads_there_are_and_not_how_many_were_asked_for() {
        let threads = |variant, threads| {
            Smol::set_up(&Setup { variant, threads })
                .expect("it can be set up")
                .threads()
        };
        assert_eq!(threads(MULTI_THREAD, 3), 3);
        assert_eq!(threads(CURRENT_THREAD, 3), 1);
    }

    #[test]
    fn a_task_that_panics_leaves_its_worker_alive() {
        let smol = Smol::set_up(&Setup {
            variant: MULTI_THREAD,
            threads: 1,
        })
        .expect("it can be set up");
        let failing = smol.executor.spawn(async { panic!("on purpose") });
        let awaited = panic::catch_unwind(AssertUnwindSafe(|| smol.block_on(failing)));
        assert!(awaited.is_err());
        assert_eq!(smol.block_on(smol.executor.spawn(async { 7 })), 7);
    }

    #[test]
    fn a_rendezvous_is_unsupported() {
        check::a_rendezvous_is_unsupported::<Smol>(MULTI_THREAD);
    }
}
