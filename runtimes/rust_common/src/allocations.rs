//! Counts how often memory is asked for. The allocator itself stays the system's.
//!
//! [`Counting`] takes effect in every program that links this crate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A thread counts in a slot of its own, so that counting does not make the threads that allocate
/// wait for each other. Threads past the last slot share that one.
const SLOTS: usize = 512;
const LAST: usize = SLOTS - 1;

#[repr(align(64))]
struct Slot(AtomicU64);

static COUNTS: [Slot; SLOTS] = [const { Slot(AtomicU64::new(0)) }; SLOTS];
static SLOTS_TAKEN: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    // It needs no destructor, so that it can be used as long as its thread allocates.
    static OWN_SLOT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// How often all threads have asked for memory so far, growing an allocation included.
pub fn count() -> u64 {
    // Relaxed: safe because nothing else is read on the strength of these counts.
    COUNTS
        .iter()
        .map(|slot| slot.0.load(Ordering::Relaxed))
        .sum()
}

fn count_one() {
    let slot = OWN_SLOT.get();
    if slot < LAST {
        // Relaxed, and no read-modify-write: safe because only this thread writes this slot.
        let count = &COUNTS[slot].0;
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    } else {
        count_in_new_or_shared_slot(slot);
    }
}

#[cold]
fn count_in_new_or_shared_slot(mut slot: usize) {
    if slot == usize::MAX {
        // Relaxed: safe because the number only tells threads apart.
        slot = SLOTS_TAKEN.fetch_add(1, Ordering::Relaxed).min(LAST);
        OWN_SLOT.set(slot);
    }
    COUNTS[slot].0.fetch_add(1, Ordering::Relaxed);
}

/// The system's allocator, counted.
pub struct Counting;

// Safe because each call is the system's own, with the caller's own arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_one();
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_one();
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count_one();
        unsafe { System.realloc(memory, layout, new_size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn every_box_of_every_thread_counts() {
        let before = count();
        let make = || (0..1_000).for_each(|i| drop(black_box(Box::new(i))));
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(make)).collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().expect("it only allocates"));
        assert!(count() - before >= 4_000);
    }
}
