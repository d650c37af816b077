// How much longer than it wished each of many async functions sleeps.
import { now } from '../latency.js';
import { number } from '../parameters.js';
import { sleepUntil } from './ticker.js';
import { each } from './work.js';

export const timerLateness = {
  parameters: { sleeps: number(1_000), longest_ms: number(100) },

  check({ sleeps, longest_ms }) {
    if (sleeps === 0 || longest_ms === 0) {
      throw new Error('sleeps and longest_ms must be at least 1');
    }
  },

  operations: ({ sleeps }) => sleeps,

  async run({ sleeps, longest_ms }, latency) {
    const sleeper = async (index) => {
      const due = now() + (1 + (index % longest_ms)) * 1e6;
      await sleepUntil(due);
      latency.recordSince(due);
    };
    await Promise.all(each(sleeps, sleeper));
    return sleeps;
  },
};
