// A ticker beside async functions that block the thread.
import { setImmediate } from 'node:timers/promises';

import { choice, number } from '../parameters.js';
import { tick } from './ticker.js';
import { Unsupported } from './unsupported.js';
import { each, sum } from './work.js';

const BLOCK_MS = 20;

export const blocking = {
  parameters: {
    how: choice('inline', 'run_blocking'),
    blockers: number(4),
    blocks: number(2),
    ticks: number(50),
  },

  check({ how, ticks }) {
    if (ticks === 0) throw new Error('ticks must be at least 1');
    if (how === 'run_blocking') throw new Unsupported(NO_POOL_FOR_JAVASCRIPT);
  },

  operations: ({ ticks }) => ticks,

  async run({ blockers, blocks, ticks }, latency) {
    const ticking = tick(ticks, latency);
    const blocked = await Promise.all(each(blockers, () => blockThread(blocks)));
    return (await ticking) + sum(blocked);
  },
};

export const NO_POOL_FOR_JAVASCRIPT =
  "Node's pool of threads runs no JavaScript, and a worker thread is an engine of its own, to which no function can be handed";

/** Resolves to how often it blocked. */
async function blockThread(blocks) {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  let blocked = 0;
  for (; blocked < blocks; ++blocked) {
    await setImmediate();
    Atomics.wait(nobody, 0, 0, BLOCK_MS); // Nobody wakes it.
  }
  return blocked;
}
