// What scenarios compute with.

const MULTIPLIER = 6364136223846793005n; // Knuth's LCG.
const INCREMENT = 1442695040888963407n;

/**
 * Does so many dependent multiplications; the answer depends on all of them. V8 makes 64-bit
 * arithmetic of it, because each step is cut to 64 bits.
 */
export function compute(steps, seed = 1n) {
  let state = BigInt.asUintN(64, seed);
  for (let i = 0; i < steps; ++i) {
    state = BigInt.asUintN(64, BigInt.asUintN(64, state * MULTIPLIER) + INCREMENT);
  }
  return state;
}

export const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);

/** work(0), work(1), … work(count - 1). */
export const each = (count, work) => Array.from({ length: count }, (_, i) => work(i));
