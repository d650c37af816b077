// How long an async function takes from being woken by another thread to running. That thread is a
// worker, and what wakes is its message.
import { on } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { choice, number } from '../parameters.js';
import { compute, each } from './work.js';

export const wake = {
  parameters: { wakes: number(1_000), state: choice('idle', 'busy'), pause_us: number(100) },

  check({ wakes }) {
    if (wakes === 0) throw new Error('wakes must be at least 1');
  },

  operations: ({ wakes }) => wakes,

  async run({ wakes, state, pause_us }, latency) {
    let ended = false;
    const hog = async () => {
      while (!ended) {
        compute(1_000);
        await setImmediate();
      }
    };
    const hogs = each(state === 'busy' ? 4 : 0, hog);
    try {
      return await sleep(wakes, pause_us, latency);
    } finally {
      ended = true;
      await Promise.all(hogs);
    }
  },
};

/** Waits to be woken, again and again. Resolves to how often it was. */
async function sleep(wakes, pause_us, latency) {
  const waker = theWaker();
  const acknowledged = new Int32Array(new SharedArrayBuffer(4));
  const messages = on(waker, 'message');
  waker.ref();
  waker.postMessage({ wakes, pauseNs: BigInt(pause_us) * 1_000n, acknowledged });
  let woken = 0;
  for await (const [sent] of messages) {
    latency.record(Number(process.hrtime.bigint() - sent));
    Atomics.store(acknowledged, 0, ++woken); // Pairs with the load in waker.js.
    if (woken === wakes) break;
  }
  waker.unref();
  return woken;
}

let waker;

/** Takes longer to start than a run does: so it is kept, and does not hold the process up. */
function theWaker() {
  waker ??= new Worker(new URL('./waker.js', import.meta.url));
  return waker;
}
