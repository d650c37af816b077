//! Racing one thing against another, and what becomes of the one that loses.

use std::time::Duration;

use super::{Scenario, choice, parameters};
use crate::work::sum_of_indices;

parameters!(Select {
    streams: u64 = 7,
    items: u64 = 10_000,
});

impl Select {
    /// Of each stream's channel.
    pub const CAPACITY: usize = 16;
}

impl Scenario for Select {
    fn expected(&self) -> u64 {
        self.streams * sum_of_indices(self.items)
    }
    fn operations(&self) -> u64 {
        self.streams * self.items
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.streams < 2 {
            return Some("streams must be at least 2");
        }
        (self.items == 0).then_some("items must be at least 1")
    }
}

parameters!(CancelStorm {
    tasks: u64 = 10_000,
    messages: u64 = 1_000,
});

impl CancelStorm {
    /// How long a task waits for a message, and how long the producer waits before it begins: so
    /// that messages come and alarms go off at the same time.
    pub const PATIENCE: Duration = Duration::from_millis(1);
    /// After so many messages the producer lets others run.
    pub const AT_ONCE: u64 = 8;
}

impl Scenario for CancelStorm {
    fn expected(&self) -> u64 {
        sum_of_indices(self.messages)
    }
    fn operations(&self) -> u64 {
        self.tasks
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.tasks == 0 || self.messages == 0).then_some("there must be a task and a message")
    }
}

parameters!(CancelRead {
    chunks: u64 = 100,
    chunk_bytes: u64 = 100,
    pause_us: u64 = 1_000,
});

impl CancelRead {
    /// How many bytes the reader asks for, and how long it waits for them.
    pub const READ_BYTES: usize = 64;
    pub const PATIENCE: Duration = Duration::from_millis(1);

    pub const fn byte(k: u64) -> u8 {
        (k.wrapping_mul(131).wrapping_add(7) & 255) as u8 // Safe because it is below 256.
    }

    pub fn chunk(&self, number: u64) -> Vec<u8> {
        let first = number * self.chunk_bytes;
        (first..first + self.chunk_bytes).map(Self::byte).collect()
    }

    /// The pause after chunk number `i`: half of it to one and a half, so that the reader's alarm
    /// goes off before, after and while bytes come.
    pub fn pause_after(&self, i: u64) -> Duration {
        Duration::from_micros(self.pause_us * (50 + i * 37 % 100) / 100)
    }
}

impl Scenario for CancelRead {
    fn expected(&self) -> u64 {
        self.chunks * self.chunk_bytes
    }
    fn operations(&self) -> u64 {
        self.chunks
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.chunks == 0 || self.chunk_bytes == 0)
            .then_some("chunks and chunk_bytes must be at least 1")
    }
}

choice!(
    /// What tasks do while nobody has asked them to stop.
    TaskState { Computing, Waiting }
);

parameters!(Shutdown {
    tasks: u64 = 1_000,
    state: TaskState = TaskState::Computing,
});

impl Shutdown {
    pub const STEPS: u64 = 1_000;
    /// Who has not ended by then is abandoned.
    pub const PATIENCE: Duration = Duration::from_secs(5);
}

impl Scenario for Shutdown {
    fn expected(&self) -> u64 {
        self.tasks
    }
    fn operations(&self) -> u64 {
        self.tasks
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.tasks == 0).then_some("tasks must be at least 1")
    }
    fn times_a_part(&self) -> bool {
        true
    }
}
