//! How tasks tell each other that something has come to pass, and those that keep an executor busy
//! until they are told.

use std::sync::Arc;

use async_channel::{Receiver, Sender};
use rust_common::countdown::{Countdown, StopFlag};
use rust_common::work::toil;
use smol::Task;
use smol::future::yield_now;

use crate::Spawner;

/// Tells who waits when the last of so many tasks has come to some point.
pub struct Arrivals {
    missing: Countdown,
    complete: Sender<()>,
    told: Receiver<()>,
}

impl Arrivals {
    pub fn of(tasks: u64) -> Arc<Self> {
        let (complete, told) = async_channel::bounded(1);
        if tasks == 0 {
            complete.close();
        }
        Arc::new(Self {
            missing: Countdown::of(tasks),
            complete,
            told,
        })
    }

    /// Each task calls it once.
    pub fn arrive(&self, answer: u64) {
        if self.missing.one_has_run(answer) {
            self.complete.close();
        }
    }

    /// The sum of what all have answered.
    pub async fn all(&self) -> u64 {
        // Nothing is ever sent: this ends because the last one has closed the channel.
        let _ = self.told.recv().await;
        self.missing.sum()
    }
}

/// Tasks that compute and yield until they are told to stop.
pub struct Hogs {
    stop: Arc<StopFlag>,
    tasks: Vec<Task<()>>,
}

impl Hogs {
    pub fn start(ex: Spawner, count: u64, steps: u64) -> Self {
        let stop = Arc::new(StopFlag::default());
        let tasks = (0..count)
            .map(|_| ex.spawn(compute_until(Arc::clone(&stop), steps)))
            .collect();
        Self { stop, tasks }
    }

    pub async fn stop(self) {
        self.stop.ask();
        for hog in self.tasks {
            hog.await;
        }
    }
}

async fn compute_until(stop: Arc<StopFlag>, steps: u64) {
    while !stop.is_asked() {
        toil(steps);
        yield_now().await;
    }
}
