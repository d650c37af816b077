// A ticker beside async functions that compute without an end, and give way in between.
import { setImmediate } from 'node:timers/promises';

import { number } from '../parameters.js';
import { tick } from './ticker.js';
import { compute, each } from './work.js';

export const fairness = {
  parameters: { hogs: number(8), steps: number(10_000), ticks: number(100) },

  check({ ticks }) {
    if (ticks === 0) throw new Error('ticks must be at least 1');
  },

  operations: ({ ticks }) => ticks,

  async run({ hogs, steps, ticks }, latency) {
    let stopped = false;
    const hog = async () => {
      while (!stopped) {
        compute(steps);
        await setImmediate();
      }
    };
    const running = each(hogs, hog);
    const ticked = await tick(ticks, latency);
    stopped = true;
    await Promise.all(running);
    return ticked;
  },
};
