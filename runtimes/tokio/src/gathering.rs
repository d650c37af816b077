//! Waiting until the last of many tasks has run that nobody joins.

use std::sync::Arc;

use rust_common::countdown::Countdown;
use tokio::sync::Notify;

pub struct Gathering {
    countdown: Countdown,
    complete: Notify,
}

impl Gathering {
    pub fn of(tasks: u64) -> Arc<Self> {
        Arc::new(Self {
            countdown: Countdown::of(tasks),
            complete: Notify::new(),
        })
    }

    /// Each task calls it once.
    pub fn one_has_run(&self, answer: u64) {
        if self.countdown.one_has_run(answer) {
            self.complete.notify_one();
        }
    }

    /// Waits for all; answers the sum of their answers. For one task, once.
    pub async fn complete(&self) -> u64 {
        if self.countdown.left() > 0 {
            self.complete.notified().await;
        }
        self.countdown.sum()
    }
}
