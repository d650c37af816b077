//! Streams of elements, and buffers for many.

use super::{Scenario, choice, parameters};
use crate::work::sum_of_indices;

parameters!(Stream {
    stages: u64 = 1,
    elements: u64 = 10_000,
    capacity: u64 = 64,
});

impl Scenario for Stream {
    fn expected(&self) -> u64 {
        sum_of_indices(self.elements) + self.stages * self.elements
    }
    fn operations(&self) -> u64 {
        self.elements
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.elements == 0 || self.capacity == 0)
            .then_some("elements and capacity must be at least 1")
    }
}

choice!(
    /// How receivers get the same bytes.
    By { Copy, Share }
);

parameters!(Bytes {
    receivers: u64 = 8,
    size: u64 = 4_096,
    by: By = By::Copy,
    messages: u64 = 100,
});

impl Bytes {
    /// Of each receiver's channel.
    pub const CAPACITY: usize = 16;

    const fn byte(message: u64, k: u64) -> u8 {
        (k.wrapping_mul(7).wrapping_add(message) & 255) as u8 // Safe because it is below 256.
    }

    pub fn buffer(&self, message: u64) -> Vec<u8> {
        (0..self.size).map(|k| Self::byte(message, k)).collect()
    }

    /// What a receiver reads of a buffer: its first byte, the one in the middle, and the last.
    pub fn sample(buffer: &[u8]) -> u64 {
        let read = |k: usize| u64::from(buffer[k]);
        read(0) + read(buffer.len() / 2) + read(buffer.len() - 1)
    }
}

impl Scenario for Bytes {
    fn expected(&self) -> u64 {
        let sample = |message| {
            let read = |k| u64::from(Self::byte(message, k));
            read(0) + read(self.size / 2) + read(self.size - 1)
        };
        self.receivers * (0..self.messages).map(sample).sum::<u64>()
    }
    fn operations(&self) -> u64 {
        self.messages * self.receivers
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.receivers == 0 || self.size == 0 || self.messages == 0)
            .then_some("receivers, size and messages must all be at least 1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_receivers_read_is_what_is_expected() {
        for size in [1, 2, 3, 100, 1_000] {
            let cell = Bytes {
                size,
                messages: 3,
                ..Bytes::default()
            };
            let read: u64 = (0..3).map(|m| Bytes::sample(&cell.buffer(m))).sum();
            assert_eq!(read * cell.receivers, cell.expected());
        }
    }
}
