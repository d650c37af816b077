// Many async functions that sleep once, all at the same time.
import { setTimeout } from 'node:timers/promises';

import { number } from '../parameters.js';
import { each, sum } from './work.js';

export const sleepMany = {
  parameters: { tasks: number(10_000), delay_us: number(1_000) },

  check({ tasks }) {
    if (tasks === 0) throw new Error('tasks must be at least 1');
  },

  operations: ({ tasks }) => tasks,

  async run({ tasks, delay_us }) {
    const sleeper = async (index) => {
      await setTimeout(Math.ceil(delay_us / 1_000)); // Node's timers count whole milliseconds.
      return index;
    };
    return sum(await Promise.all(each(tasks, sleeper)));
  },
};
