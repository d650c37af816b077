//! What a task weighs, and what it takes until one runs.

use std::time::Duration;

use super::{Scenario, choice, parameters};
use crate::work::sum_of_indices;

choice!(
    /// What parked tasks wait for.
    Parked {
        Sleep,
        Receive,
        Connection,
    }
);

parameters!(Memory {
    kind: Parked = Parked::Sleep,
    tasks: u64 = 10_000,
});

impl Memory {
    pub const SLEEP: Duration = Duration::from_secs(3_600);

    pub fn descriptors(&self) -> u64 {
        match self.kind {
            Parked::Connection => self.tasks.saturating_mul(2),
            Parked::Sleep | Parked::Receive => 0,
        }
    }
}

impl Scenario for Memory {
    fn expected(&self) -> u64 {
        self.tasks
    }
    /// The bytes are those of the whole process: what a task weighs is their slope.
    fn operations(&self) -> u64 {
        1
    }
}

choice!(
    /// Where a task has its buffer.
    Held { Frame, Heap }
);

choice!(
    /// Whether the buffer still lives while the task waits.
    Scope { Open, Closed }
);

parameters!(FrameSize {
    held: u64 = 1_024,
    r#where: Held = Held::Frame,
    scope: Scope = Scope::Open,
    tasks: u64 = 1_000,
});

impl Scenario for FrameSize {
    fn expected(&self) -> u64 {
        sum_of_indices(self.tasks)
    }
    fn operations(&self) -> u64 {
        self.tasks
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.tasks == 0 {
            return Some("tasks must be at least 1");
        }
        // What is in a frame has to be known when it is compiled.
        (!matches!(self.held, 0 | 100 | 1_024 | 65_536))
            .then_some("held must be 0, 100, 1024 or 65536")
    }
}

choice!(Started { Runtime, Process });

parameters!(Startup {
    of: Started = Started::Runtime,
});

impl Startup {
    pub const ANSWER: u64 = 42;
}

impl Scenario for Startup {
    fn expected(&self) -> u64 {
        Self::ANSWER
    }
    fn operations(&self) -> u64 {
        1
    }
    fn unsupported(&self) -> Option<&'static str> {
        (self.of == Started::Process).then_some("measured from outside, by the driver")
    }
    fn makes_its_runtime(&self) -> bool {
        true
    }
}
