//! Channels: how fast, how late, and what becomes of those who are faster than the consumer.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Scenario, choice, parameters};
use crate::work::sum_of_indices;

/// How many messages a channel may hold: a number, or the word "unbounded".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Capacity {
    Bounded(u64),
    Unbounded,
}

impl TryFrom<Value> for Capacity {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match (value.as_u64(), value.as_str()) {
            (Some(number), _) => Ok(Self::Bounded(number)),
            (_, Some("unbounded")) => Ok(Self::Unbounded),
            _ => Err(format!(
                "capacity must be a whole number or the word unbounded, but it is {value}"
            )),
        }
    }
}

impl From<Capacity> for Value {
    fn from(capacity: Capacity) -> Value {
        match capacity {
            Capacity::Bounded(number) => json!(number),
            Capacity::Unbounded => json!("unbounded"),
        }
    }
}

choice!(Receive { One, Many });

parameters!(Channel {
    capacity: Capacity = Capacity::Bounded(100),
    producers: u64 = 1,
    consumers: u64 = 1,
    payload_bytes: u64 = 8,
    receive: Receive = Receive::One,
    messages: u64 = 5_000,
});

impl Channel {
    /// How many messages a consumer takes at a time where it receives many.
    pub const BATCH: usize = 100;
}

impl Scenario for Channel {
    fn expected(&self) -> u64 {
        sum_of_indices(self.messages)
    }
    fn operations(&self) -> u64 {
        self.messages
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.producers == 0 || self.consumers == 0 {
            return Some("there must be a producer and a consumer");
        }
        if self.messages == 0 {
            return Some("messages must be at least 1");
        }
        if ![8, 512, 32_768].contains(&self.payload_bytes) {
            return Some("payload_bytes must be 8, 512 or 32768");
        }
        // All messages together, because nobody can tell how far a producer gets ahead.
        let most_in_channel = match self.capacity {
            Capacity::Bounded(capacity) => capacity.min(self.messages),
            Capacity::Unbounded => self.messages,
        };
        (most_in_channel > (512 << 20) / self.payload_bytes)
            .then_some("the channel could hold more than 512 MiB")
    }
}

choice!(Policy {
    Wait,
    Drop,
    Spill,
    Unbounded,
});

parameters!(ChannelBackpressure {
    policy: Policy = Policy::Wait,
    capacity: u64 = 100,
    producers: u64 = 4,
    messages: u64 = 1_000,
    steps: u64 = 5_000,
});

impl Scenario for ChannelBackpressure {
    fn expected(&self) -> u64 {
        sum_of_indices(self.messages)
    }
    fn operations(&self) -> u64 {
        self.messages
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.capacity == 0 {
            return Some("capacity must be at least 1");
        }
        (self.producers == 0 || self.messages == 0)
            .then_some("there must be a producer and a message")
    }
}

parameters!(ChannelLatency {
    capacity: u64 = 16,
    producers: u64 = 1,
    consumers: u64 = 1,
    messages: u64 = 5_000,
});

impl Scenario for ChannelLatency {
    fn expected(&self) -> u64 {
        sum_of_indices(self.messages)
    }
    fn operations(&self) -> u64 {
        self.messages
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.producers == 0 || self.consumers == 0 {
            return Some("there must be a producer and a consumer");
        }
        (self.messages == 0).then_some("messages must be at least 1")
    }
}

parameters!(ChannelRing {
    tasks: u64 = 300,
    capacity: u64 = 1,
    rounds: u64 = 300,
    tokens: u64 = 1,
});

impl Scenario for ChannelRing {
    fn expected(&self) -> u64 {
        self.tokens * self.rounds * self.tasks
    }
    fn operations(&self) -> u64 {
        self.tokens * self.rounds * self.tasks
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.tasks == 0 || self.capacity == 0 || self.rounds == 0 || self.tokens == 0 {
            return Some("tasks, capacity, rounds and tokens must all be at least 1");
        }
        // With more, every channel could be full and every task hold one: then nobody could move.
        (self.tokens > self.tasks).then_some("there must not be more tokens than tasks")
    }
}
