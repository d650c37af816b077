//! Timers and sleeps.

use std::time::{Duration, Instant};

use super::{Scenario, choice, parameters};
use crate::Failure;
use crate::work::sum_of_indices;

choice!(
    /// What is timed of a timer's life.
    Phase {
        Create,
        Fire,
        Cancel,
    }
);

parameters!(Timers {
    phase: Phase = Phase::Create,
    timers: u64 = 10_000,
});

impl Timers {
    /// What the deadline of a timer is that is not to fire.
    pub const FAR_AWAY: Duration = Duration::from_secs(3_600);
    /// Timers become due one after the other, at so regular a distance.
    const APART: Duration = Duration::from_nanos(10);
    const SPARE: Duration = Duration::from_millis(10);

    pub const ATTEMPTS: u32 = 5;

    /// How many timers to create and to cancel beforehand, to learn how long creating takes.
    pub fn probes(&self) -> u64 {
        self.timers / 10 + 1
    }

    /// When timers are to become due that are created from now on: late enough that all of them
    /// are there by then, judging by what creating the probes took. A busy machine may belie that:
    /// whoever is too late may try again with twice the time, [`ATTEMPTS`](Self::ATTEMPTS) times in all.
    pub fn first_due(&self, probing: Duration) -> Instant {
        let estimate = probing.mul_f64(self.timers as f64 / self.probes() as f64);
        Instant::now() + estimate * 3 + Self::SPARE
    }

    /// When timer number `i` is due.
    pub fn due(&self, first: Instant, i: u64) -> Instant {
        // Safe because nobody makes 4,000 million timers.
        first + Self::APART * i as u32
    }

    /// Waits, on the clock, until the first timers are due. Fails if that is over already: then
    /// some may have fired while others were created.
    pub fn wait_until_due(first: Instant) -> Result<(), Failure> {
        if Instant::now() >= first {
            return Err(Self::too_late());
        }
        crate::outside::pause_until(first);
        Ok(())
    }

    pub fn too_late() -> Failure {
        Failure::Failed(
            "creating the timers took so long that the first was due before the last was there"
                .to_owned(),
        )
    }

    /// Notes that timer number `i` has fired, and fails if that is early. `seen` is a time that it is
    /// already: one look at the clock does for all that were due before it.
    pub fn check_not_early(
        &self,
        first: Instant,
        i: u64,
        seen: &mut Instant,
    ) -> Result<(), Failure> {
        let due = self.due(first, i);
        if due > *seen {
            *seen = Instant::now();
        }
        if due > *seen {
            let early = (due - *seen).as_nanos();
            return Err(Failure::Failed(format!("a timer fired {early} ns early")));
        }
        Ok(())
    }

    /// All timers, in an order that is not that of their creation.
    pub fn order_of_cancelling(&self) -> impl Iterator<Item = usize> + use<> {
        let (timers, stride) = (self.timers, self.stride());
        // Safe because usize has 64 bits here.
        (0..timers).map(move |i| (i * stride % timers) as usize)
    }

    /// A number that has no divisor in common with that of the timers, so that its multiples meet
    /// each of them; near to the golden section, so that they lie far apart.
    fn stride(&self) -> u64 {
        let common_divisor = |mut a: u64, mut b: u64| {
            while b != 0 {
                (a, b) = (b, a % b);
            }
            a
        };
        let golden = self.timers * 618 / 1_000;
        (golden.max(1)..)
            .find(|stride| common_divisor(self.timers, *stride) == 1)
            .unwrap_or(1)
    }
}

impl Scenario for Timers {
    fn expected(&self) -> u64 {
        match self.phase {
            Phase::Fire => sum_of_indices(self.timers),
            Phase::Create | Phase::Cancel => self.timers,
        }
    }
    fn operations(&self) -> u64 {
        self.timers
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.timers > 100_000_000 {
            return Some("timers must be at most 100,000,000");
        }
        (self.timers == 0).then_some("timers must be at least 1")
    }
    fn times_a_part(&self) -> bool {
        true
    }
}

parameters!(TimerLateness {
    sleeps: u64 = 1_000,
    longest_ms: u64 = 100,
});

impl TimerLateness {
    pub fn duration_of(&self, i: u64) -> Duration {
        Duration::from_millis(1 + i % self.longest_ms)
    }
}

impl Scenario for TimerLateness {
    fn expected(&self) -> u64 {
        self.sleeps
    }
    fn operations(&self) -> u64 {
        self.sleeps
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.sleeps == 0 || self.longest_ms == 0)
            .then_some("sleeps and longest_ms must be at least 1")
    }
}

choice!(
    /// Whether the operation has to wait, so that an alarm is really set and taken back.
    TimedBody { Ready, Yield }
);

parameters!(Timeout {
    operations: u64 = 10_000,
    body: TimedBody = TimedBody::Ready,
});

impl Timeout {
    pub const LIMIT: Duration = Duration::from_secs(1);
}

impl Scenario for Timeout {
    fn expected(&self) -> u64 {
        sum_of_indices(self.operations)
    }
    fn operations(&self) -> u64 {
        self.operations
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.operations == 0).then_some("operations must be at least 1")
    }
}

parameters!(SleepMany {
    tasks: u64 = 10_000,
    delay_us: u64 = 1_000,
});

impl Scenario for SleepMany {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_timer_is_cancelled_once_and_not_in_the_order_of_creation() {
        for timers in [1, 2, 3, 10, 100, 1_000, 10_000, 1_024] {
            let cell = Timers {
                phase: Phase::Cancel,
                timers,
            };
            let order: Vec<usize> = cell.order_of_cancelling().collect();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert!(sorted.iter().copied().eq(0..timers as usize), "{timers}");
            assert!(timers < 4 || order != sorted, "{timers}");
        }
    }

    const FIRE: Timers = Timers {
        phase: Phase::Fire,
        timers: 1_000,
    };

    #[test]
    fn deadlines_lie_ten_nanoseconds_apart_and_begin_after_all_are_created() {
        let now = Instant::now();
        let first = FIRE.first_due(Duration::from_millis(1));
        assert!(first - now >= Duration::from_millis(10 + 29));
        assert_eq!(FIRE.due(first, 1_000) - first, Duration::from_micros(10));
    }

    #[test]
    fn timers_that_were_created_too_slowly_are_a_failure() {
        let (past, future) = (Instant::now(), Instant::now() + Duration::from_millis(300));
        assert!(Timers::wait_until_due(past).is_err());
        assert_eq!(Timers::wait_until_due(future), Ok(()));
        assert!(Instant::now() >= future);
    }

    #[test]
    fn a_timer_that_fires_early_is_noticed() {
        const SECOND: Duration = Duration::from_secs(1);
        let now = Instant::now();
        let mut seen = now - SECOND;
        assert_eq!(FIRE.check_not_early(now, 0, &mut seen), Ok(()));
        assert!(seen >= now);
        let later = now + 1_000 * SECOND;
        assert!(FIRE.check_not_early(later, 0, &mut seen).is_err());
    }
}
