//! Calls that block a thread.

use std::time::Duration;

use super::{Scenario, choice, parameters};
use crate::work::sum_of_indices;

choice!(
    /// Where a call blocks: on the thread that runs the task, or on one that is made for it.
    How { Inline, RunBlocking }
);

parameters!(Blocking {
    how: How = How::Inline,
    blockers: u64 = 4,
    blocks: u64 = 2,
    ticks: u64 = 50,
});

impl Blocking {
    pub const BLOCK: Duration = Duration::from_millis(20);
}

impl Scenario for Blocking {
    fn expected(&self) -> u64 {
        self.ticks + self.blockers * self.blocks
    }
    fn operations(&self) -> u64 {
        self.ticks
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.ticks == 0).then_some("ticks must be at least 1")
    }
}

parameters!(SpawnBlocking {
    batches: u64 = 100,
    batch: u64 = 16,
    submitters: u64 = 1,
});

impl Scenario for SpawnBlocking {
    fn expected(&self) -> u64 {
        self.submitters * self.batches * sum_of_indices(self.batch)
    }
    fn operations(&self) -> u64 {
        self.submitters * self.batches * self.batch
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.batches == 0 || self.batch == 0 || self.submitters == 0)
            .then_some("batches, batch and submitters must all be at least 1")
    }
}
