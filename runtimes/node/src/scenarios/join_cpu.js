// Children that compute, one after the other or all at once; with one thread that is the same.
import { choice, number } from '../parameters.js';
import { NO_TASK_WITHIN_A_TASK, Unsupported } from './unsupported.js';
import { compute, each } from './work.js';

export const joinCpu = {
  parameters: {
    style: choice('sequential', 'join', 'spawn'),
    width: number(10),
    steps: number(10_000),
  },

  check({ style, width }) {
    if (width === 0) throw new Error('width must be at least 1');
    if (style === 'join') throw new Unsupported(NO_TASK_WITHIN_A_TASK);
  },

  operations: ({ width }) => width,

  async run({ style, width, steps }) {
    const child = async (index) => compute(steps, BigInt(index));
    let total = 0n;
    if (style === 'sequential') {
      for (let i = 0; i < width; ++i) total += await child(i);
    } else {
      for (const part of await Promise.all(each(width, child))) total += part;
    }
    return BigInt.asUintN(64, total);
  },
};
