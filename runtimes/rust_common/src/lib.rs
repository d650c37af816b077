//! What every contender in Rust shares: the conversation with the driver, the taking of samples,
//! and of each scenario all that needs no runtime: its parameters, its answer, its unit of work.
//!
//! A contender implements [`Runtime`] and calls [`serve::main`]. What a scenario *does* stands in
//! the contender itself, in the words of its runtime.

pub mod allocations;
pub mod build;
pub mod channels;
pub mod check;
pub mod clock;
pub mod countdown;
pub mod latency;
pub mod message;
pub mod outside;
pub mod pages;
pub mod process;
pub mod protocol;
pub mod sampling;
pub mod scenarios;
pub mod scratch_file;
pub mod serve;
pub mod sockets;
pub mod wakes;
pub mod work;

use std::fmt;
use std::sync::Arc;

use latency::Recorder;
use scenarios::Cell;

/// What a run answers: the scenario's number, or why there is none.
pub type Outcome = Result<u64, Failure>;

/// Why a run has no answer, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// This runtime does not offer what these parameters ask for.
    Unsupported(String),
    /// It was tried, and went wrong.
    Failed(String),
}

impl Failure {
    /// A failure for whatever went wrong: `.map_err(Failure::of("cannot connect"))`.
    pub fn of<E: fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Failure {
        move |error| Failure::Failed(format!("{what}: {error}"))
    }
}

/// How the driver wants a runtime to be set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// One of the subject's variants.
    pub variant: &'static str,
    /// How many threads may run tasks; 0 for the variant's own choice.
    pub threads: usize,
}

impl Setup {
    /// The number of threads that was asked for, or one for each processor that this process may
    /// use.
    pub fn threads_or_one_per_core(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }
}

/// A scenario that a contender does not run yet.
pub fn not_written_yet(cell: &Cell) -> Failure {
    Failure::Unsupported(format!("this contender does not run {} yet", cell.name()))
}

/// What a contender says about its runtime.
#[derive(Debug, Clone)]
pub struct Subject {
    pub name: &'static str,
    pub version: String,
    /// The default one first. A contender with only one has the unnamed one, `""`.
    pub variants: &'static [&'static str],
    /// How a variant divides tasks between its threads.
    pub scheduling: fn(variant: &str) -> &'static str,
    pub io: &'static str,
    pub capabilities: &'static [&'static str],
}

/// A runtime that has been set up. It lives through all samples of a cell.
pub trait Runtime: Sized {
    fn subject() -> Subject;

    /// Answers why it cannot be set up so, or the runtime.
    fn set_up(how: &Setup) -> Result<Self, Failure>;

    /// How many threads really run tasks.
    fn threads(&self) -> usize;

    /// Runs the cell once, from the thread that set the runtime up.
    ///
    /// `startup` is all but the scenario: the runtime was set up for this one run, and is dropped after
    /// it. What is left is to run one task that answers.
    fn run(&mut self, cell: &Cell, latency: &Arc<Recorder>) -> Outcome;

    /// Does the thread that calls [`run`](Self::run) run tasks itself?
    fn caller_is_worker(&self) -> bool;
}
