//! The crate async-channel: what Tokio's users take where a channel has several consumers, and
//! smol's everywhere. async-std has it too, but an older version as its own.

use async_channel::{Receiver, Sender};

use crate::Failure;
use crate::scenarios::Capacity;

/// What a channel may take of memory before anything is sent.
const MOST_BYTES_AT_ONCE: u64 = 2 << 30;

/// The capacity of a bounded channel, or `None` for one without a bound. Fails where async-channel,
/// in any version, has no such channel: one without any room, and one whose room, which it
/// allocates at once, would not fit into memory.
pub fn room_for<T>(capacity: Capacity) -> Result<Option<usize>, Failure> {
    let Capacity::Bounded(capacity) = capacity else {
        return Ok(None);
    };
    if capacity == 0 {
        return Err(no_rendezvous("async-channel"));
    }
    let bytes = capacity.saturating_mul(size_of::<T>() as u64);
    if bytes > MOST_BYTES_AT_ONCE {
        return Err(Failure::Unsupported(format!(
            "async-channel allocates all room of a bounded channel at once: {capacity} messages would be {} MiB",
            bytes >> 20
        )));
    }
    capacity
        .try_into()
        .map(Some)
        .map_err(Failure::of("capacity"))
}

pub fn open<T>(capacity: Capacity) -> Result<(Sender<T>, Receiver<T>), Failure> {
    Ok(match room_for::<T>(capacity)? {
        Some(capacity) => async_channel::bounded(capacity),
        None => async_channel::unbounded(),
    })
}

pub fn no_rendezvous(library: &str) -> Failure {
    Failure::Unsupported(format!(
        "{library} has no channel of capacity 0: at least one message has room in it"
    ))
}

/// Waits for a message and takes those that are there already with it, up to `at_most`. Answers how
/// many; 0 when the channel is closed and empty.
pub async fn recv_many<T>(messages: &Receiver<T>, batch: &mut Vec<T>, at_most: usize) -> usize {
    let Ok(first) = messages.recv().await else {
        return 0;
    };
    let before = batch.len();
    batch.push(first);
    batch.extend(std::iter::from_fn(|| messages.try_recv().ok()).take(at_most - 1));
    batch.len() - before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_or_too_much_is_unsupported() {
        assert!(matches!(
            open::<u64>(Capacity::Bounded(0)),
            Err(Failure::Unsupported(_))
        ));
        assert!(matches!(
            open::<[u64; 4_096]>(Capacity::Bounded(1_000_000)),
            Err(Failure::Unsupported(_))
        ));
        assert!(open::<u64>(Capacity::Bounded(1_000_000)).is_ok());
        assert!(open::<u64>(Capacity::Unbounded).is_ok());
    }
}
