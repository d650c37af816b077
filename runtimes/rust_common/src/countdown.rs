//! Knowing when the last of many tasks has run that nobody joins, and asking many to stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Tasks that are still to run, and the sum of what those have answered that did.
pub struct Countdown {
    left: AtomicU64,
    sum: AtomicU64,
}

impl Countdown {
    pub fn of(tasks: u64) -> Self {
        Self {
            left: AtomicU64::new(tasks),
            sum: AtomicU64::new(0),
        }
    }

    /// Each task calls it once. Answers whether it was the last: that one signals who waits.
    pub fn one_has_run(&self, answer: u64) -> bool {
        // Relaxed: safe because the decrement below gives it to whoever sees the last.
        self.sum.fetch_add(answer, Ordering::Relaxed);
        // Acquire and release: pairs with itself in the other tasks, so that the last one has all.
        self.left.fetch_sub(1, Ordering::AcqRel) == 1
    }

    pub fn left(&self) -> u64 {
        // Acquire: pairs with the release in one_has_run().
        self.left.load(Ordering::Acquire)
    }

    /// What all have answered. After the last one has signalled.
    pub fn sum(&self) -> u64 {
        // Relaxed: safe because the last one's signal came after all that it had seen.
        self.sum.load(Ordering::Relaxed)
    }
}

/// Whether tasks that go round are to end. Relaxed everywhere: safe because nothing else is read on
/// the strength of it.
#[derive(Default)]
pub struct StopFlag {
    asked: AtomicBool,
}

impl StopFlag {
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_is_the_last() {
        let countdown = Countdown::of(3);
        assert!(!countdown.one_has_run(5));
        assert!(!countdown.one_has_run(7));
        assert_eq!(countdown.left(), 1);
        assert!(countdown.one_has_run(1));
        assert_eq!((countdown.left(), countdown.sum()), (0, 13));
    }
}
