// Moments on the clock, and how late one is for them.
import { setTimeout } from 'node:timers/promises';

import { now } from '../latency.js';

const MILLISECOND = 1e6;

/**
 * Sleeps until a reading of now(). Node's timers count whole milliseconds of a clock that is read once a
 * turn: they may be early by one, so whoever must not be early looks again.
 */
export async function sleepUntil(due) {
  for (let left = due - now(); left > 0; left = due - now()) {
    await setTimeout(Math.ceil(left / MILLISECOND));
  }
}

/**
 * Waits for moments that lie a millisecond apart and do not move when one is missed, and records how
 * late it is for each. Resolves to how many those were.
 */
export async function tick(ticks, latency) {
  let due = now();
  for (let ticked = 0; ticked < ticks; ++ticked) {
    due += MILLISECOND;
    await sleepUntil(due);
    latency.recordSince(due);
  }
  return ticks;
}
