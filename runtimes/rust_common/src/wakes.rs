//! Waking one task from a thread of nobody's, again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::outside;
use crate::scenarios::Wake;

/// Longer than any runtime takes to wake a task, so that a wake that is lost is noticed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many wakes the task has seen.
#[derive(Default)]
pub struct Acknowledged {
    seen: AtomicU64,
}

impl Acknowledged {
    /// The task, after each wake.
    pub fn acknowledge(&self) {
        // Release: pairs with the acquire in wait_for().
        self.seen.fetch_add(1, Ordering::Release);
    }

    fn wait_for(&self, wake: u64) -> Result<(), Failure> {
        let begin = Instant::now();
        // Acquire: pairs with the release in acknowledge().
        while self.seen.load(Ordering::Acquire) < wake {
            if begin.elapsed() > PATIENCE {
                return Err(Failure::Failed(
                    "a wake was lost: the task did not run for 10 s".to_owned(),
                ));
            }
            std::hint::spin_loop();
        }
        Ok(())
    }
}

/// The outside thread's half: pauses, without sleeping itself, so that an idle runtime is really asleep; calls `wake` with the
/// time that it is now; and waits until the task has run. On the outsider.
pub fn wake_again_and_again(
    p: Wake,
    acknowledged: Arc<Acknowledged>,
    wake: impl Fn(Instant),
) -> Result<(), Failure> {
    for i in 1..=p.wakes {
        outside::spin_until(Instant::now() + Duration::from_micros(p.pause_us));
        wake(Instant::now());
        acknowledged.wait_for(i)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn each_wake_comes_after_a_pause_and_after_the_one_before_was_seen() {
        let p = Wake {
            wakes: 5,
            pause_us: 300,
            ..Wake::default()
        };
        let acknowledged = Arc::new(Acknowledged::default());
        let (wakes, begin) = (Cell::new(0), Instant::now());
        let ended = wake_again_and_again(p, Arc::clone(&acknowledged), |_| {
            wakes.set(wakes.get() + 1);
            acknowledged.acknowledge();
        });
        assert_eq!((ended, wakes.get()), (Ok(()), 5));
        assert!(begin.elapsed() >= 5 * Duration::from_micros(300));
    }
}
