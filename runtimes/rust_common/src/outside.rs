//! Doing something from a thread that belongs to no runtime: the "external" in where work is
//! spawned from.

use std::sync::OnceLock;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::{Pid, gettid};

type Job = Box<dyn FnOnce() + Send>;

struct Outsider {
    jobs: Sender<Job>,
    tid: Pid,
}

/// The one such thread. It is started when it is first needed and then kept, so that a run pays for
/// waking it but not for starting it.
static OUTSIDER: OnceLock<Outsider> = OnceLock::new();

fn start() -> Outsider {
    let (jobs, to_do) = mpsc::channel::<Job>();
    let (tell_tid, tid) = mpsc::channel();
    thread::Builder::new()
        .name("outsider".to_owned())
        .spawn(move || {
            // The other side waits for it, and cannot be gone.
            let _ = tell_tid.send(gettid());
            to_do.into_iter().for_each(|job| job());
        })
        .expect("a thread can be started");
    Outsider {
        jobs,
        tid: tid.recv().expect("the thread tells its id first"),
    }
}

/// Has the outsider call `job`. Any thread.
pub fn call(job: impl FnOnce() + Send + 'static) {
    let outsider = OUTSIDER.get_or_init(start);
    outsider
        .jobs
        .send(Box::new(job))
        .expect("the outsider lives as long as the process");
}

/// Waits until then, on the clock: asleep, and awake for the last moment, so as to be punctual.
pub fn pause_until(moment: Instant) {
    const AWAKE: Duration = Duration::from_micros(200);
    if let Some(asleep) = moment.checked_duration_since(Instant::now() + AWAKE) {
        thread::sleep(asleep);
    }
    spin_until(moment);
}

/// The same, but awake all along.
pub fn spin_until(moment: Instant) {
    while Instant::now() < moment {
        std::hint::spin_loop();
    }
}

/// The outsider's thread id, once it has been needed.
pub fn tid() -> Option<i32> {
    OUTSIDER.get().map(|outsider| outsider.tid.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_thread_of_nobodys_and_always_the_same() {
        let (tell, told) = mpsc::channel();
        for _ in 0..2 {
            let tell = tell.clone();
            call(move || tell.send(gettid()).expect("the test waits"));
        }
        let ids: Vec<Pid> = told.iter().take(2).collect();
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[0], gettid());
        assert_eq!(tid(), Some(ids[0].as_raw()));
    }
}
