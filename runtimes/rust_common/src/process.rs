//! What this process has spent so far: CPU time, context switches, memory, and which of its threads
//! did the spending. What /proc or the kernel does not tell is `None`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{SysconfVar, sysconf};

/// User and system time of all threads, those that have ended included.
pub fn cpu_time() -> Option<Duration> {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)
        .ok()
        .map(Duration::from)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct ContextSwitches {
    /// A thread waited.
    pub voluntary: u64,
    /// A thread was put aside for another.
    pub involuntary: u64,
}

impl ContextSwitches {
    /// Of all threads since the process began.
    pub fn so_far() -> Option<Self> {
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
        Some(Self {
            voluntary: usage.voluntary_context_switches().try_into().ok()?,
            involuntary: usage.involuntary_context_switches().try_into().ok()?,
        })
    }

    pub fn since(self, earlier: Self) -> Self {
        Self {
            voluntary: self.voluntary - earlier.voluntary,
            involuntary: self.involuntary - earlier.involuntary,
        }
    }

    pub fn plus(self, more: Self) -> Self {
        Self {
            voluntary: self.voluntary + more.voluntary,
            involuntary: self.involuntary + more.involuntary,
        }
    }
}

/// The most memory that was resident since the process began or since the last reset.
pub fn peak_rss_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The memory that is resident now.
pub fn resident_bytes() -> Option<u64> {
    // proc(5): size and resident, in pages.
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    let page_bytes = sysconf(SysconfVar::PAGE_SIZE).ok()??;
    Some(pages * u64::try_from(page_bytes).ok()?)
}

/// Gives unused memory back and begins a new peak, where C library and kernel allow it, so that the
/// memory of one cell is not charged to the next.
pub fn forget_memory_of_earlier_cells() {
    // Safe because it moves nothing that is in use; any thread may call it.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
    reset_peak_rss();
}

fn reset_peak_rss() {
    // 5: "reset the peak resident set size", proc(5). Where that is not allowed the peak is that of
    // the whole process.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Lifts the limit on open descriptors as far as an ordinary process may (`ulimit -Hn`), and
/// answers it.
pub fn raise_descriptor_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return 0;
    };
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        hard
    } else {
        soft
    }
}

/// How many descriptors this process may have open.
pub fn descriptor_limit() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft)
}

/// The CPU time of each living thread in ns, by thread id.
pub type ThreadTimes = BTreeMap<i32, u64>;

/// Of all threads but those that `is_left_out` names, by id and by name.
pub fn cpu_time_of_threads(is_left_out: impl Fn(i32, &str) -> bool) -> ThreadTimes {
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return ThreadTimes::new();
    };
    // A thread may end while we look; then it has no time to tell.
    let times = threads.flatten().filter_map(|thread| {
        let tid = thread.file_name().to_str()?.parse().ok()?;
        let folder = thread.path();
        let name = fs::read_to_string(folder.join("comm")).ok()?;
        if is_left_out(tid, name.trim_end()) {
            return None;
        }
        // schedstat counts nanoseconds; kernels built without it leave only the coarse ticks of
        // stat.
        let fine = fs::read_to_string(folder.join("schedstat")).ok();
        let time = fine.and_then(|text| ns_of_schedstat(&text)).or_else(|| {
            let ticks_per_second = sysconf(SysconfVar::CLK_TCK).ok()??;
            ns_of_stat(
                &fs::read_to_string(folder.join("stat")).ok()?,
                ticks_per_second.try_into().ok()?,
            )
        })?;
        Some((tid, time))
    });
    times.collect()
}

fn ns_of_schedstat(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

fn ns_of_stat(text: &str, ticks_per_second: u64) -> Option<u64> {
    // The name of the thread stands in brackets and may hold any character: count from its end.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    // proc(5) numbers the state, the first here, as field 3; utime is field 14 and stime field 15.
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) * (1_000_000_000 / ticks_per_second))
}

/// The least share of the CPU time of all threads, in percent, that makes a thread one that worked.
/// One that only woke and slept again stays below it.
const LEAST_SHARE_PERCENT: u64 = 1;

/// How many threads really worked between two readings. Threads that ended before the later one are
/// not seen.
pub fn threads_used(earlier: &ThreadTimes, later: &ThreadTimes) -> usize {
    let spent =
        |(tid, time): (&i32, &u64)| time.saturating_sub(earlier.get(tid).copied().unwrap_or(0));
    let total: u64 = later.iter().map(spent).sum();
    let worked = |own: &u64| {
        *own != 0 && u128::from(*own) * 100 >= u128::from(total) * u128::from(LEAST_SHARE_PERCENT)
    };
    later.iter().map(spent).filter(worked).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    fn times(list: &[(i32, u64)]) -> ThreadTimes {
        list.iter().copied().collect()
    }

    #[test]
    fn a_thread_that_only_woke_was_not_used() {
        let earlier = times(&[(1, 1_000), (2, 1_000), (3, 50)]);
        let later = times(&[(1, 51_000), (2, 50_000), (3, 60), (4, 2_000)]);
        assert_eq!(
            threads_used(&earlier, &later),
            3,
            "1 and 2, and 4, which is new"
        );
        assert_eq!(threads_used(&later, &later), 0);
        // Exactly one percent is enough.
        assert_eq!(threads_used(&times(&[]), &times(&[(1, 99), (2, 1)])), 2);
        assert_eq!(threads_used(&times(&[]), &times(&[(1, 991), (2, 9)])), 1);
    }

    #[test]
    fn both_files_of_the_kernel_are_understood() {
        assert_eq!(ns_of_schedstat("123456 77 8\n"), Some(123_456));
        assert_eq!(ns_of_schedstat(""), None);
        let stat = "12 (a) b) (c) S 1 2 3 4 5 6 7 8 9 10 70 30 0 0 20 0";
        assert_eq!(ns_of_stat(stat, 100), Some(1_000_000_000));
        assert_eq!(ns_of_stat("12 (short) S 1", 100), None);
    }

    #[test]
    fn work_shows_in_the_thread_that_did_it() {
        let nobody = |_: i32, _: &str| false;
        let tid = nix::unistd::gettid().as_raw();
        let before = cpu_time_of_threads(nobody);
        let whole = cpu_time();
        black_box(crate::work::compute(20_000_000, 1));
        assert!(cpu_time_of_threads(nobody)[&tid] > before[&tid]);
        assert!(cpu_time() > whole);
        assert!(!cpu_time_of_threads(|id, _| id == tid).contains_key(&tid));
    }

    /// Tests of how much memory there is would see each other's.
    static MEMORY: std::sync::Mutex<()> = std::sync::Mutex::new(());

    #[test]
    fn memory_that_is_written_is_resident_and_memory_that_is_freed_is_not() {
        let _alone = MEMORY.lock();
        let resident = || resident_bytes().expect("/proc is mounted");
        let before = resident();
        let block = black_box(vec![1u8; 64 << 20]);
        let with_block = resident();
        assert!(with_block >= before + (60 << 20), "{before}, {with_block}");
        drop(block);
        assert!(resident() < with_block);
    }

    #[test]
    fn the_peak_of_memory_is_forgotten_with_the_cell() {
        let _alone = MEMORY.lock();
        drop(black_box(vec![1u8; 256 << 20]));
        let of_earlier = peak_rss_bytes().expect("/proc is mounted");
        assert!(of_earlier >= 256 << 20);
        forget_memory_of_earlier_cells();
        assert!(peak_rss_bytes().expect("/proc is mounted") < of_earlier);
    }
}
