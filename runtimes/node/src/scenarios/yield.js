// Many async functions that do nothing but give way to each other, and to the event loop.
import { setImmediate } from 'node:timers/promises';

import { number } from '../parameters.js';
import { each, sum } from './work.js';

export const yielding = {
  parameters: { tasks: number(200), yields: number(1_000) },

  check() {},

  operations: ({ tasks, yields }) => tasks * yields,

  run: async ({ tasks, yields }) => sum(await Promise.all(each(tasks, () => giveWay(yields)))),
};

async function giveWay(yields) {
  let yielded = 0;
  for (; yielded < yields; ++yielded) await setImmediate();
  return yielded;
}
