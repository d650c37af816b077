//! Joining against doing one thing after the other, and spawning against one task that polls many.

use super::{Scenario, choice, parameters};
use crate::Failure;
use crate::work::{compute, sum_of_indices};

choice!(
    /// How a parent has its children run: as one future that polls them, or as a task each.
    JoinStyle {
        Sequential,
        Join,
        Spawn,
    }
);

choice!(Delays { Equal, Unequal });

parameters!(Join {
    style: JoinStyle = JoinStyle::Sequential,
    width: u64 = 3,
    delay_us: u64 = 1_000,
    delays: Delays = Delays::Equal,
});

impl Join {
    /// What fetch number `i` waits for. Unequal: once, twice, three times the delay, in turn.
    pub fn delay_us_of(&self, i: u64) -> u64 {
        match self.delays {
            Delays::Equal => self.delay_us,
            Delays::Unequal => (i % 3 + 1) * self.delay_us,
        }
    }

    /// Fails if sequential fetches overlapped, or joined ones did not although they could.
    pub fn check_overlap(&self, most_in_flight: u64) -> Result<(), Failure> {
        let could_overlap = self.delay_us > 0 && self.width > 1;
        let wrong = match self.style {
            JoinStyle::Sequential if most_in_flight > 1 => {
                "sequential fetches ran at the same time"
            }
            JoinStyle::Join if could_overlap && most_in_flight == 1 => {
                "join ran one fetch after the other"
            }
            _ => return Ok(()),
        };
        Err(Failure::Failed(wrong.to_owned()))
    }
}

impl Scenario for Join {
    fn expected(&self) -> u64 {
        sum_of_indices(self.width)
    }
    fn operations(&self) -> u64 {
        self.width
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.width == 0).then_some("width must be at least 1")
    }
}

parameters!(JoinCpu {
    style: JoinStyle = JoinStyle::Sequential,
    width: u64 = 10,
    steps: u64 = 10_000,
});

impl Scenario for JoinCpu {
    fn expected(&self) -> u64 {
        (0..self.width).fold(0, |total, i| total.wrapping_add(compute(self.steps, i)))
    }
    fn operations(&self) -> u64 {
        self.width
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.width == 0).then_some("width must be at least 1")
    }
}

choice!(SpawnStyle {
    /// A task each, joined in order.
    Spawn,
    /// One task polls all of them.
    UnorderedSet,
    /// A task each, joined as they end.
    SpawnSet,
});

choice!(
    /// What each child does, once.
    Body {
        Ready,
        Yield,
        Sleep,
        Receive,
    }
);

choice!(
    /// Where work is spawned from: a task, a thread that belongs to no runtime, or inside
    /// `block_on`.
    Origin {
        Worker,
        External,
        BlockOn,
    }
);

parameters!(Spawn {
    style: SpawnStyle = SpawnStyle::Spawn,
    tasks: u64 = 10_000,
    body: Body = Body::Ready,
    from: Origin = Origin::Worker,
});

impl Spawn {
    /// The capacity of the channel that children with `body=receive` receive from.
    pub const LETTERS_WAITING: usize = 100;
}

impl Scenario for Spawn {
    fn expected(&self) -> u64 {
        sum_of_indices(self.tasks)
    }
    fn operations(&self) -> u64 {
        self.tasks
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.tasks == 0).then_some("tasks must be at least 1")
    }
}
