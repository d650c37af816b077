// setTimeout many times over: to create timers, to have them fire, or to clear them, each timed
// apart.
import { now } from '../latency.js';
import { choice, number } from '../parameters.js';
import { each } from './work.js';

const HOUR_MS = 3_600_000;
const ATTEMPTS = 6;

export const timers = {
  timesAPart: true, // The phase.

  parameters: { phase: choice('create', 'fire', 'cancel'), timers: number(10_000) },

  check({ timers: count }) {
    if (count === 0) throw new Error('timers must be at least 1');
  },

  operations: ({ timers: count }) => count,

  run({ phase, timers: count }, { clock }) {
    if (phase === 'fire') return fire(count, clock);
    return phase === 'create' ? create(count, clock) : cancel(count, clock);
  },
};

function create(count, clock) {
  const waiting = new Waiting();
  clock.start();
  waiting.create(count);
  clock.stop();
  waiting.clear(1);
  return count - waiting.fired;
}

function cancel(count, clock) {
  const waiting = new Waiting();
  waiting.create(count);
  const stride = strideOver(count);
  clock.start();
  waiting.clear(stride);
  clock.stop();
  return count - waiting.fired;
}

/**
 * Has the timers fire a hundred a microsecond, beginning when all have been created. Where that took
 * longer than was allowed for, because the machine had other things to do, it tries again.
 */
async function fire(count, clock) {
  let allowance = 3 * estimate(count) + 10e6;
  for (let attempt = 0; attempt < ATTEMPTS; ++attempt) {
    const total = await volley(count, now() + allowance, clock);
    if (total !== undefined) return total;
    allowance *= 2;
  }
  throw new Error('to create the timers took longer than until the first of them was to fire');
}

/**
 * Timers that fire one after the other from base on, a reading of now(). Resolves to the sum of their
 * numbers; to undefined if they could not be created in time. The clock runs from the first that
 * fires: until then it is the millisecond that passes, which they are rounded up to.
 */
function volley(count, base, clock) {
  return new Promise((resolve) => {
    let total = 0;
    let fired = 0;
    const ring = (index) => {
      if (fired === 0) clock.start();
      total += index;
      if (++fired < count) return;
      clock.stop();
      resolve(total);
    };
    const created = each(count, (i) => {
      const deadline = base + i * 10;
      return setTimeout(ring, Math.ceil((deadline - now()) / 1e6), i);
    });
    if (now() < base) return;
    created.forEach(clearTimeout);
    resolve(undefined);
  });
}

/** How long it should take to create all in ns, as a tenth of them takes. */
function estimate(count) {
  const probe = Math.floor(count / 10) + 1;
  const waiting = new Waiting();
  const begin = now();
  waiting.create(probe);
  const took = now() - begin;
  waiting.clear(1);
  return (took / probe) * count;
}

/** Timers that would fire in an hour. */
class Waiting {
  fired = 0;
  #created = [];

  create(count) {
    const ring = () => ++this.fired;
    for (let i = 0; i < count; ++i) this.#created.push(setTimeout(ring, HOUR_MS));
  }

  /** Clears every one, the next being stride further round the circle. */
  clear(stride) {
    const { length } = this.#created;
    let at = 0;
    for (let i = 0; i < length; ++i) {
      clearTimeout(this.#created[at]);
      at = (at + stride) % length;
    }
  }
}

/**
 * Has no divisor in common with count, so that it comes by every one; and is about as far from any
 * other order as can be, the golden ratio.
 */
export function strideOver(count) {
  let stride = Math.max(Math.floor(count * 0.618), 1);
  while (commonDivisor(stride, count) !== 1) ++stride;
  return stride;
}

function commonDivisor(a, b) {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
