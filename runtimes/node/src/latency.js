// Keeps how long single things took, how often something happened, and the clock.
import { Stopwatch } from './stopwatch.js';

// A value is kept to this many bits, so that it is off by at most 1/128.
const PRECISION_BITS = 7;

// A bucket is at most some 32 characters long; this many leave half of a protocol line free.
const MOST_BUCKETS = 1_000;

/** Now, in ns on a monotonic clock. */
export const now = () => Math.round(performance.now() * 1e6);

export class Recorder {
  counts = {};
  /**
   * What is timed. A scenario that times a part of its run (timesAPart) starts and stops it, several
   * times if it likes; for the others it runs all the time.
   */
  clock = new Stopwatch();
  #buckets = new Map();

  /** Records how long ago `begin` was, a reading of now(). */
  recordSince(begin) {
    this.record(Math.max(now() - begin, 0));
  }

  record(latency) {
    const width = 2 ** Math.max(bitLength(latency) - PRECISION_BITS, 0);
    const lowest = latency - (latency % width);
    const value = lowest + Math.floor(width / 2); // The middle of its bucket.
    this.#buckets.set(value, (this.#buckets.get(value) ?? 0) + 1);
  }

  count(name, figure) {
    this.counts[name] = (this.counts[name] ?? 0) + figure;
  }

  /** [value, count] pairs, ascending. */
  buckets() {
    return shortened(
      [...this.#buckets].sort(([a], [b]) => a - b),
      MOST_BUCKETS,
    );
  }
}

let recordingCost;

/**
 * What recording one latency costs the run that records it, in ns: reading the clock twice, and the
 * histogram. Measured at the first call, in five attempts of which the quickest counts: in the others
 * the code was being compiled, or the machine had something else to do.
 */
export function recordingNs() {
  if (recordingCost === undefined) {
    const times = 2_000;
    const scratch = new Recorder();
    recordingCost = Infinity;
    for (let attempt = 0; attempt < 5; ++attempt) {
      const begin = now();
      for (let i = 0; i < times; ++i) scratch.recordSince(now());
      recordingCost = Math.min(recordingCost, Math.ceil((now() - begin) / times));
    }
  }
  return recordingCost;
}

/**
 * Merges neighbours until there are at most `most`. Both count as the slower of the two: a latency
 * must not look better than it was.
 */
export function shortened(buckets, most) {
  while (buckets.length > most) {
    const coarser = [];
    for (let i = 0; i < buckets.length; i += 2) {
      const pair = buckets.slice(i, i + 2);
      coarser.push([pair.at(-1)[0], pair.reduce((total, [, count]) => total + count, 0)]);
    }
    buckets = coarser;
  }
  return buckets;
}

function bitLength(value) {
  const high = Math.floor(value / 2 ** 32);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(value);
}
