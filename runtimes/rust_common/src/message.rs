//! What the channel scenarios send, and what their consumers have to tell.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::{Failure, Outcome};

/// A message of so many words of eight bytes, moved by value; the first is its number, the others
/// are zeros.
#[derive(Clone, Copy)]
pub struct Message<const WORDS: usize> {
    words: [u64; WORDS],
}

impl<const WORDS: usize> Message<WORDS> {
    pub fn new(number: u64) -> Self {
        let mut words = [0; WORDS];
        words[0] = number;
        Self { words }
    }

    pub fn number(&self) -> u64 {
        self.words[0]
    }
}

/// A message that knows when it was sent.
#[derive(Clone, Copy)]
pub struct Stamped {
    pub number: u64,
    pub sent: Instant,
}

impl Stamped {
    pub fn now(number: u64) -> Self {
        Self {
            number,
            sent: Instant::now(),
        }
    }
}

/// What a consumer has to tell in the end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub messages: u64,
    pub sum: u64,
}

impl Tally {
    pub fn add(&mut self, number: u64) {
        self.messages += 1;
        self.sum = self.sum.wrapping_add(number);
    }
}

/// The sum of the numbers in all messages, or a failure if there were not as many messages as were
/// sent: a sum alone would not show that one was lost and another came twice.
pub fn sum_of_all(tallies: &[Tally], messages_sent: u64) -> Outcome {
    let received: u64 = tallies.iter().map(|tally| tally.messages).sum();
    if received != messages_sent {
        return Err(Failure::Failed(format!(
            "{messages_sent} messages were sent, but {received} received"
        )));
    }
    Ok(tallies
        .iter()
        .fold(0, |total, tally| total.wrapping_add(tally.sum)))
}

/// The numbers that one of several producers sends.
pub fn share_of(producer: u64, producers: u64, messages: u64) -> Range<u64> {
    messages * producer / producers..messages * (producer + 1) / producers
}

/// How many messages wait, in a channel or for room in it. Relaxed everywhere: safe because they
/// are only counted.
#[derive(Default)]
pub struct WaitingRoom {
    now: AtomicU64,
    most: AtomicU64,
}

impl WaitingRoom {
    pub fn enter(&self) {
        let here = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(here, Ordering::Relaxed);
    }

    pub fn leave(&self) {
        self.now.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }
}

/// How many fetches of one task are under way at once. Relaxed everywhere: safe because one task
/// runs all of them, and these are atomic only because that task may go from thread to thread.
#[derive(Default)]
pub struct InFlight {
    now: AtomicU64,
    most: AtomicU64,
}

impl InFlight {
    pub fn begin(&self) {
        let now = self.now.load(Ordering::Relaxed) + 1;
        self.now.store(now, Ordering::Relaxed);
        self.most.store(self.most().max(now), Ordering::Relaxed);
    }

    pub fn end(&self) {
        self.now
            .store(self.now.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    }

    pub fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_long_as_it_says() {
        assert_eq!(size_of::<Message<1>>(), 8);
        assert_eq!(size_of::<Message<4_096>>(), 32_768);
        assert_eq!(Message::<64>::new(7).number(), 7);
    }

    #[test]
    fn the_shares_of_all_producers_are_all_messages() {
        let numbers: Vec<u64> = (0..3)
            .flat_map(|producer| share_of(producer, 3, 10))
            .collect();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn a_lost_message_is_a_failure_though_the_sum_be_right() {
        let tallies = [
            Tally {
                messages: 2,
                sum: 1,
            },
            Tally {
                messages: 1,
                sum: 5,
            },
        ];
        assert_eq!(sum_of_all(&tallies, 3), Ok(6));
        assert_eq!(
            sum_of_all(&tallies, 4),
            Err(Failure::Failed(
                "4 messages were sent, but 3 received".to_owned()
            ))
        );
    }

    #[test]
    fn the_waiting_room_remembers_its_fullest_moment() {
        let waiting = WaitingRoom::default();
        waiting.enter();
        waiting.enter();
        waiting.leave();
        waiting.enter();
        assert_eq!(waiting.most(), 2);
    }
}
