// Operations that come in time, one after the other, each in a race with a timer of a second.
import { setImmediate } from 'node:timers/promises';

import { choice, number } from '../parameters.js';

export const timeout = {
  parameters: { operations: number(10_000), body: choice('ready', 'yield') },

  check({ operations }) {
    if (operations === 0) throw new Error('operations must be at least 1');
  },

  operations: ({ operations }) => operations,

  async run({ operations, body }) {
    let total = 0;
    for (let i = 0; i < operations; ++i) total += await inTime(operation(i, body), 1_000);
    return total;
  },
};

async function operation(index, body) {
  if (body === 'yield') await setImmediate();
  return index;
}

/** What the work resolves to; rejects if that takes longer. */
export async function inTime(work, milliseconds) {
  let alarm;
  const limit = new Promise((_, reject) => {
    const late = () => reject(new Error(`took longer than ${milliseconds} ms`));
    alarm = setTimeout(late, milliseconds);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(alarm);
  }
}
