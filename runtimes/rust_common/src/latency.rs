//! What latency scenarios write into: how long single things took, as a log-linear histogram for
//! each thread, and how often something happened.
//!
//! The range of a u64 is cut into powers of two and each of those into 128 equal buckets, so that
//! no bucket is wider than 1/128 (0.8 %) of the values that it holds. The idea is HdrHistogram's
//! (Gil Tene, hdrhistogram.org). Recording takes no lock, and allocates nothing after a thread's
//! first time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use crate::Failure;
use crate::clock::{Spent, Stopwatch};
use crate::process;

const PRECISION_BITS: u32 = 7;
const PER_OCTAVE: usize = 1 << PRECISION_BITS;
/// Values below 128 have a bucket each; each of the 57 octaves above has 128.
const BUCKETS: usize = PER_OCTAVE * (64 - PRECISION_BITS as usize + 1);

fn index_of(value: u64) -> usize {
    if value < PER_OCTAVE as u64 {
        return value as usize; // Safe because it is below 128.
    }
    let octave = value.ilog2() - PRECISION_BITS;
    // The top bit of the shifted value is set, so it counts as one octave by itself. Safe because
    // that is below 256.
    octave as usize * PER_OCTAVE + (value >> octave) as usize
}

fn middle_of(index: usize) -> u64 {
    if index < 2 * PER_OCTAVE {
        return index as u64;
    }
    let octave = index / PER_OCTAVE - 1;
    let lowest = ((index % PER_OCTAVE + PER_OCTAVE) as u64) << octave;
    lowest + (1 << octave) / 2
}

/// `(value, count)`: so many values were seen that are close to this one.
pub type Bucket = (u64, u64);

/// One thread writes it; others may read it, and see each counter as it was at some time.
struct Histogram {
    counts: Box<[AtomicU64]>,
    least: AtomicU64,
    most: AtomicU64,
}

impl Histogram {
    fn new() -> Self {
        Self {
            counts: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            least: AtomicU64::new(u64::MAX),
            most: AtomicU64::new(0),
        }
    }

    /// Relaxed, and no read-modify-write: safe because only one thread records, and the counts are
    /// read when it is done.
    fn record(&self, value: u64) {
        let count = &self.counts[index_of(value)];
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        if value < self.least.load(Ordering::Relaxed) {
            self.least.store(value, Ordering::Relaxed);
        }
        if value > self.most.load(Ordering::Relaxed) {
            self.most.store(value, Ordering::Relaxed);
        }
    }
}

/// Keeps what was recorded since it was last asked. Any thread may record.
pub struct Recorder {
    /// Never used twice, so that a thread's note of its histogram cannot mistake us for another.
    id: u64,
    histograms: Mutex<Vec<Arc<Histogram>>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    clock: Stopwatch,
}

thread_local! {
    static OWN: RefCell<Option<(u64, Arc<Histogram>)>> = const { RefCell::new(None) };
}

impl Recorder {
    pub fn new() -> Self {
        static LAST_ID: AtomicU64 = AtomicU64::new(0);
        Self {
            id: LAST_ID.fetch_add(1, Ordering::Relaxed), // Safe because it only tells recorders apart.
            histograms: Mutex::new(Vec::new()),
            counts: Mutex::new(BTreeMap::new()),
            clock: Stopwatch::default(),
        }
    }

    /// Notes how long that took which began at `begin`.
    pub fn record_since(&self, begin: Instant) {
        // 584 years fit.
        self.record(begin.elapsed().as_nanos() as u64);
    }

    pub fn record(&self, latency_ns: u64) {
        OWN.with_borrow_mut(|own| match own {
            Some((id, histogram)) if *id == self.id => histogram.record(latency_ns),
            _ => {
                let histogram = self.new_histogram();
                histogram.record(latency_ns);
                *own = Some((self.id, histogram));
            }
        });
    }

    /// Notes how late somebody is who was to wake at `due`. Who woke before that is a failure: a timer
    /// may be late, and never early.
    pub fn record_lateness(&self, due: Instant) -> Result<(), Failure> {
        let now = Instant::now();
        let Some(lateness) = now.checked_duration_since(due) else {
            let early = (due - now).as_nanos();
            return Err(Failure::Failed(format!("woke {early} ns early")));
        };
        self.record(lateness.as_nanos() as u64); // 584 years fit.
        Ok(())
    }

    /// From here until [`stop_clock`](Self::stop_clock) is what the sample's time, CPU time,
    /// allocations and context switches are of. As often as wanted, from any thread, never nested;
    /// for a scenario that `times_a_part`.
    pub fn start_clock(&self) {
        self.clock.start();
    }

    pub fn stop_clock(&self) {
        self.clock.stop();
    }

    /// What the clock has seen since it was last forgotten, or `None` if it was never stopped.
    pub fn clocked(&self) -> Option<Spent> {
        self.clock.spent()
    }

    pub fn forget_clocked(&self) {
        self.clock.reset();
    }

    /// The memory of this process that is resident now.
    pub fn resident_bytes(&self) -> Result<u64, Failure> {
        process::resident_bytes().ok_or_else(|| {
            Failure::Unsupported("this system does not tell how much memory is resident".to_owned())
        })
    }

    /// Counts what passed since `begin`, in ns.
    pub fn count_since(&self, name: &'static str, begin: Instant) {
        self.count(name, begin.elapsed().as_nanos() as u64); // 584 years fit.
    }

    /// A figure of the scenario's own, reported among the counters of the sample; those of several
    /// runs add up.
    pub fn count(&self, name: &'static str, figure: u64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(name).or_default() += figure;
    }

    /// What was counted since the last call.
    pub fn take_counts(&self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was recorded since the last call, in ascending order: the first value is the exact
    /// minimum and the last the exact maximum. Only while nobody records.
    pub fn take_buckets(&self) -> Vec<Bucket> {
        let histograms = self
            .histograms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut counts = vec![0; BUCKETS];
        let (mut least, mut most) = (u64::MAX, 0);
        // Relaxed: safe because whoever recorded was waited for, and that gave us what it wrote.
        for each in histograms.iter() {
            least = least.min(each.least.swap(u64::MAX, Ordering::Relaxed));
            most = most.max(each.most.swap(0, Ordering::Relaxed));
            for (total, count) in counts.iter_mut().zip(&each.counts) {
                *total += count.swap(0, Ordering::Relaxed);
            }
        }
        let seen = counts
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count != 0);
        let mut buckets: Vec<Bucket> = seen
            .map(|(index, count)| (middle_of(index), count))
            .collect();
        if let Some(first) = buckets.first_mut() {
            first.0 = least;
        }
        if let Some(last) = buckets.last_mut() {
            last.0 = most;
        }
        buckets
    }

    fn new_histogram(&self) -> Arc<Histogram> {
        let histogram = Arc::new(Histogram::new());
        self.histograms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&histogram));
        histogram
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

/// What recording one latency costs, in ns, rounded up. Measured once, on a thread of its own, so that
/// nobody's histogram is touched.
pub fn recording_ns() -> u64 {
    const RECORDS: u64 = 10_000;
    static MEASURED: OnceLock<u64> = OnceLock::new();
    let measure = || {
        let scratch = Recorder::new();
        // The first one allocates the histogram.
        scratch.record(0);
        let begin = Instant::now();
        (0..RECORDS).for_each(|_| scratch.record_since(begin));
        let total = begin.elapsed().as_nanos() as u64; // 584 years fit.
        total.div_ceil(RECORDS)
    };
    *MEASURED.get_or_init(|| {
        std::thread::scope(|scope| scope.spawn(measure).join()).expect("it only records")
    })
}

/// At most `at_most` buckets that tell the same, coarser: neighbours merge, the two ends keep their
/// exact values.
pub fn shortened(mut buckets: Vec<Bucket>, at_most: usize) -> Vec<Bucket> {
    while buckets.len() > at_most.max(3) {
        let last = buckets.len() - 1;
        let between = buckets[1..last].chunks(2).map(|pair| {
            let (value, _) = pair[pair.len() - 1];
            (value, pair.iter().map(|(_, count)| count).sum())
        });
        buckets = std::iter::once(buckets[0])
            .chain(between)
            .chain([buckets[last]])
            .collect();
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn no_value_is_off_by_more_than_one_percent() {
        let mut value = 1u64;
        while value < u64::MAX / 3 {
            for near in [value - 1, value, value + 1, value + value / 3] {
                let kept = middle_of(index_of(near));
                assert!(
                    kept.abs_diff(near) <= near / 100,
                    "{near} is kept as {kept}"
                );
            }
            value = value * 3 / 2 + 1;
        }
        assert!(index_of(u64::MAX) < BUCKETS);
    }

    #[test]
    fn buckets_ascend_and_keep_the_exact_ends() {
        let recorder = Recorder::new();
        for value in [1_000_003, 7, 500_001, 7, 123_456] {
            recorder.record(value);
        }
        let buckets = recorder.take_buckets();
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(buckets.first(), Some(&(7, 2)));
        assert_eq!(buckets.last(), Some(&(1_000_003, 1)));
        assert_eq!(recorder.take_buckets(), []);
    }

    #[test]
    fn all_threads_add_up_and_two_recorders_do_not_mix() {
        let (one, other) = (Arc::new(Recorder::new()), Arc::new(Recorder::new()));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (one, other) = (Arc::clone(&one), Arc::clone(&other));
                std::thread::spawn(move || {
                    for value in 0..1_000 {
                        one.record(value);
                        if value % 10 == 0 {
                            other.record(value);
                        }
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().expect("it only records"));
        let total = |recorder: &Recorder| {
            recorder
                .take_buckets()
                .iter()
                .map(|(_, count)| count)
                .sum::<u64>()
        };
        assert_eq!((total(&one), total(&other)), (4_000, 400));
    }

    #[test]
    fn who_wakes_early_fails_and_who_is_late_is_noted() {
        let recorder = Recorder::new();
        let early = recorder.record_lateness(Instant::now() + Duration::from_secs(1));
        assert!(
            matches!(&early, Err(Failure::Failed(reason)) if reason.starts_with("woke ") && reason.ends_with(" ns early")),
            "{early:?}"
        );
        assert_eq!(recorder.take_buckets(), []);
        assert_eq!(recorder.record_lateness(Instant::now()), Ok(()));
        assert_eq!(recorder.take_buckets().len(), 1);
    }

    #[test]
    fn recording_costs_something_and_is_measured_once() {
        let cost = recording_ns();
        assert!(cost > 0);
        assert_eq!(recording_ns(), cost);
    }

    #[test]
    fn counts_of_several_runs_add_up() {
        let recorder = Recorder::new();
        recorder.count("dropped", 2);
        recorder.count("dropped", 3);
        assert_eq!(recorder.take_counts(), BTreeMap::from([("dropped", 5)]));
        assert!(recorder.take_counts().is_empty());
    }

    #[test]
    fn shortening_loses_no_count_and_keeps_the_ends() {
        let buckets: Vec<Bucket> = (0..4_001).map(|i| (i * 10, i + 1)).collect();
        let short = shortened(buckets.clone(), 1_000);
        assert!(short.len() <= 1_000);
        assert!(short.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(
            (short.first(), short.last()),
            (buckets.first(), buckets.last())
        );
        let total = |list: &[Bucket]| list.iter().map(|(_, count)| count).sum::<u64>();
        assert_eq!(total(&short), total(&buckets));
        assert_eq!(shortened(short.clone(), 1_000), short);
    }
}
