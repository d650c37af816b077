//! What scenarios compute with. Work is counted in steps, never in time, so that every contender
//! does the same.

use std::hint::black_box;

/// Knuth's LCG: one step of work.
const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
const INCREMENT: u64 = 1_442_695_040_888_963_407;

/// Keeps a processor busy for `steps` dependent multiplications (about a nanosecond each) and
/// answers a number that depends on all of them, so that no compiler leaves them out.
pub fn compute(steps: u64, seed: u64) -> u64 {
    // A compiler that knew them would make one multiplication of several steps.
    let (multiplier, increment) = black_box((MULTIPLIER, INCREMENT));
    let step = |state: u64, _| state.wrapping_mul(multiplier).wrapping_add(increment);
    (0..steps).fold(seed, step)
}

/// The same, where nobody wants the number.
pub fn toil(steps: u64) {
    black_box(compute(black_box(steps), 1));
}

/// Fills a message of which no other client or round has the like, so that one which went astray is
/// noticed.
pub fn fill(message: &mut [u8], client: u64, round: u64) {
    let mut word = client
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(round);
    for byte in message {
        *byte = ((word >> 56) ^ word) as u8; // The low byte is what is wanted.
        word = word.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
    }
}

/// 0 + 1 + … + (count - 1): what n tasks that answer their index answer together.
pub const fn sum_of_indices(count: u64) -> u64 {
    if count == 0 {
        0
    } else {
        count * (count - 1) / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_changes_the_answer() {
        assert_eq!(compute(0, 7), 7);
        assert_eq!(compute(1, 1), MULTIPLIER.wrapping_add(INCREMENT));
        assert_ne!(compute(1_000, 7), compute(1_001, 7));
    }

    #[test]
    fn no_step_is_merged_with_another() {
        // Four cycles or so each; no processor that we know has six in a nanosecond.
        const STEPS: u64 = 10_000_000;
        let begin = std::time::Instant::now();
        black_box(compute(STEPS, black_box(1)));
        let elapsed = begin.elapsed();
        assert!(
            elapsed.as_nanos() * 2 > u128::from(STEPS),
            "{STEPS} steps took only {elapsed:?}"
        );
    }

    #[test]
    fn no_two_messages_are_alike() {
        let message = |client, round| {
            let mut bytes = vec![0; 100];
            fill(&mut bytes, client, round);
            bytes
        };
        assert_eq!(message(3, 5), message(3, 5));
        assert_ne!(message(3, 5), message(3, 6));
        assert_ne!(message(3, 5), message(4, 5));
    }

    #[test]
    fn indices_add_up() {
        assert_eq!(sum_of_indices(0), 0);
        assert_eq!(sum_of_indices(1_000_000), 499_999_500_000);
    }
}
