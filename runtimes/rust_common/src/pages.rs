//! Buffers that tasks hold while they wait: every page of them is really there.

use std::hint::black_box;

const PAGE_BYTES: usize = 4_096;

/// Writes into each page what [`read`] finds there again.
pub fn write(buffer: &mut [u8], index: u64) {
    for byte in buffer.iter_mut().step_by(PAGE_BYTES) {
        *byte = (index % 251) as u8; // Safe because it is below 251.
    }
    // The compiler must not know that nobody else reads it.
    black_box(buffer);
}

/// The index, if each page still holds what was written for it; otherwise no index that there is.
pub fn read(buffer: &[u8], index: u64) -> u64 {
    let buffer = black_box(buffer);
    let is_whole = buffer
        .iter()
        .step_by(PAGE_BYTES)
        .all(|byte| u64::from(*byte) == index % 251);
    if is_whole { index } else { u64::MAX / 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_was_overwritten_is_noticed() {
        let mut buffer = [0; 3 * PAGE_BYTES];
        write(&mut buffer, 300);
        assert_eq!(read(&buffer, 300), 300);
        assert_eq!(read(&[], 300), 300);
        buffer[2 * PAGE_BYTES] += 1;
        assert_ne!(read(&buffer, 300), 300);
    }
}
