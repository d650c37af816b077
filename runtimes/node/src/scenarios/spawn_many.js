// Many async calls that nobody waits for one by one: each counts down, and the last one is waited
// for.
import { choice, number } from '../parameters.js';
import { ANOTHER_THREAD_CANNOT_START_ONE, Unsupported } from './unsupported.js';

export const spawnMany = {
  parameters: { tasks: number(10_000), from: choice('worker', 'outside_idle', 'outside_busy') },

  check({ tasks, from }) {
    if (tasks === 0) throw new Error('tasks must be at least 1');
    if (from !== 'worker') throw new Unsupported(ANOTHER_THREAD_CANNOT_START_ONE);
  },

  operations: ({ tasks }) => tasks,

  run: ({ tasks }) =>
    new Promise((resolve) => {
      let total = 0;
      let left = tasks;
      const task = async (index) => {
        total += index;
        if (--left === 0) resolve(total);
      };
      for (let i = 0; i < tasks; ++i) task(i);
    }),
};
