//! What the scheduler does: spawning, yielding, waking, and how well it scales.

use std::sync::OnceLock;

use super::{Scenario, choice, parameters};
use crate::work::sum_of_indices;

parameters!(ChainedSpawn { depth: u64 = 1_000 });

impl Scenario for ChainedSpawn {
    fn expected(&self) -> u64 {
        self.depth
    }
    fn operations(&self) -> u64 {
        self.depth
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.depth == 0).then_some("depth must be at least 1")
    }
}

parameters!(PingPong { pairs: u64 = 1_000 });

impl Scenario for PingPong {
    fn expected(&self) -> u64 {
        sum_of_indices(self.pairs) + self.pairs
    }
    fn operations(&self) -> u64 {
        self.pairs
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.pairs == 0).then_some("pairs must be at least 1")
    }
}

parameters!(Skynet {
    leaves: u64 = 1_000_000,
    fan_out: u64 = 10,
});

impl Scenario for Skynet {
    fn expected(&self) -> u64 {
        sum_of_indices(self.leaves)
    }
    /// A task for each leaf and each node.
    fn operations(&self) -> u64 {
        (self.leaves * self.fan_out - 1) / (self.fan_out - 1)
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.fan_out < 2 {
            return Some("fan_out must be at least 2");
        }
        let mut leaves = self.leaves;
        while leaves > 1 && leaves % self.fan_out == 0 {
            leaves /= self.fan_out;
        }
        (leaves != 1).then_some("leaves must be a power of fan_out, such as leaves=1000 fan_out=10")
    }
}

parameters!(Yield {
    tasks: u64 = 200,
    yields: u64 = 1_000,
});

impl Scenario for Yield {
    fn expected(&self) -> u64 {
        self.tasks * self.yields
    }
    fn operations(&self) -> u64 {
        self.tasks * self.yields
    }
}

choice!(
    /// Who spawns: a task, or a thread that belongs to no runtime, while the workers sleep or while
    /// they are kept busy.
    SpawnedFrom {
        Worker,
        OutsideIdle,
        OutsideBusy,
    }
);

parameters!(SpawnMany {
    tasks: u64 = 10_000,
    from: SpawnedFrom = SpawnedFrom::Worker,
});

impl SpawnMany {
    /// The tasks that keep the runtime busy, and what each does before it lets others run: about
    /// ten microseconds.
    pub const STALLERS: u64 = 4;
    pub const STALLING_STEPS: u64 = 10_000;
}

impl Scenario for SpawnMany {
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

parameters!(Fib { n: u64 = 20 });

fn fibonacci(n: u64) -> u64 {
    (0..n).fold((0, 1), |(this, next), _| (next, this + next)).0
}

impl Scenario for Fib {
    fn expected(&self) -> u64 {
        fibonacci(self.n)
    }
    /// The calls, that for n itself included.
    fn operations(&self) -> u64 {
        2 * fibonacci(self.n + 1) - 1
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.n > 40).then_some("n must be at most 40: it would be more than 500 million calls")
    }
}

parameters!(Nqueens { n: u64 = 8 });

/// A board on which so many rows have a queen, none of which beats another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Placement {
    pub rows: u64,
    columns: u32,
    /// The squares of the next row that are beaten along the diagonals.
    falling: u32,
    rising: u32,
}

impl Placement {
    /// The boards with one queen more, of `n` rows altogether.
    pub fn next_ones(self, n: u64) -> impl Iterator<Item = Placement> {
        let beaten = self.columns | self.falling | self.rising;
        let squares = (0..n).map(|column| 1u32 << column);
        squares
            .filter(move |square| beaten & square == 0)
            .map(move |square| Placement {
                rows: self.rows + 1,
                columns: self.columns | square,
                falling: (self.falling | square) << 1,
                rising: (self.rising | square) >> 1,
            })
    }
}

impl Nqueens {
    const MOST: u64 = 14;

    /// Solutions, and valid placements on the way to them, the empty board included. Kept, because
    /// there are millions of them.
    fn counted(&self) -> (u64, u64) {
        static COUNTED: [OnceLock<(u64, u64)>; Nqueens::MOST as usize + 1] =
            [const { OnceLock::new() }; Nqueens::MOST as usize + 1];
        *COUNTED[self.n as usize].get_or_init(|| self.count_from(Placement::default()))
    }

    fn count_from(&self, board: Placement) -> (u64, u64) {
        let own = (u64::from(board.rows == self.n), 1);
        let further = board.next_ones(self.n).filter(|_| board.rows < self.n);
        further.fold(own, |(solutions, boards), next| {
            let (more_solutions, more_boards) = self.count_from(next);
            (solutions + more_solutions, boards + more_boards)
        })
    }
}

impl Scenario for Nqueens {
    fn expected(&self) -> u64 {
        self.counted().0
    }
    fn operations(&self) -> u64 {
        self.counted().1
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.n == 0 || self.n > Self::MOST).then_some("n must be from 1 to 14")
    }
}

parameters!(FanOut {
    children: u64 = 16,
    depth: u64 = 1,
    rounds: u64 = 100,
});

impl FanOut {
    const MOST_TASKS: u64 = 10_000_000;

    /// Leaves and tasks of one tree, or `None` if there are too many to be counted.
    fn tree(&self) -> Option<(u64, u64)> {
        let (mut level, mut tasks) = (1u64, 0u64);
        for _ in 0..self.depth {
            level = level.checked_mul(self.children)?;
            tasks = tasks.checked_add(level)?;
            if tasks > Self::MOST_TASKS {
                return None;
            }
        }
        Some((level, tasks))
    }
}

impl Scenario for FanOut {
    fn expected(&self) -> u64 {
        self.rounds * self.tree().map_or(0, |(leaves, _)| leaves)
    }
    fn operations(&self) -> u64 {
        self.rounds * self.tree().map_or(0, |(_, tasks)| tasks)
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.children == 0 || self.depth == 0 || self.rounds == 0 {
            return Some("children, depth and rounds must all be at least 1");
        }
        self.tree()
            .is_none()
            .then_some("a tree must not have more than 10,000,000 tasks")
    }
}

choice!(
    /// What else the runtime has to do.
    Load { Idle, Busy }
);

parameters!(Wake {
    wakes: u64 = 1_000,
    state: Load = Load::Idle,
    pause_us: u64 = 100,
});

impl Wake {
    /// The tasks that keep the runtime busy, and what each does before it lets others run: about a
    /// microsecond.
    pub const HOGS: u64 = 4;
    pub const STEPS: u64 = 1_000;
}

impl Scenario for Wake {
    fn expected(&self) -> u64 {
        self.wakes
    }
    fn operations(&self) -> u64 {
        self.wakes
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.wakes == 0).then_some("wakes must be at least 1")
    }
}

parameters!(Fairness {
    hogs: u64 = 8,
    steps: u64 = 10_000,
    ticks: u64 = 100,
});

impl Scenario for Fairness {
    fn expected(&self) -> u64 {
        self.ticks
    }
    fn operations(&self) -> u64 {
        self.ticks
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.ticks == 0).then_some("ticks must be at least 1")
    }
}

choice!(
    /// Which scenario is run on so many threads.
    Work {
        Skynet,
        Fib,
        /// A task each that computes.
        Compute,
    }
);

parameters!(Scaling {
    work: Work = Work::Skynet,
    threads: u64 = 1,
});

impl Scaling {
    pub const SKYNET: Skynet = Skynet {
        leaves: 100_000,
        fan_out: 10,
    };
    pub const FIB: Fib = Fib { n: 18 };
    pub const TASKS: u64 = 200;
    pub const STEPS: u64 = 10_000;
}

impl Scenario for Scaling {
    fn expected(&self) -> u64 {
        match self.work {
            Work::Skynet => Self::SKYNET.expected(),
            Work::Fib => Self::FIB.expected(),
            Work::Compute => sum_of_indices(Self::TASKS),
        }
    }
    fn operations(&self) -> u64 {
        match self.work {
            Work::Skynet => Self::SKYNET.operations(),
            Work::Fib => Self::FIB.operations(),
            Work::Compute => Self::TASKS,
        }
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.threads == 0 || self.threads > 1_024).then_some("threads must be between 1 and 1024")
    }
    fn threads(&self) -> Option<usize> {
        self.threads.try_into().ok()
    }
}
