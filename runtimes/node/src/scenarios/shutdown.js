// Async functions that are told to end by an AbortSignal: from then until all have is timed.
import { once, setMaxListeners } from 'node:events';
import { setImmediate, setTimeout } from 'node:timers/promises';

import { choice, number } from '../parameters.js';
import { compute, each } from './work.js';

export const shutdown = {
  timesAPart: true, // From the request to stop until the last one has ended.

  parameters: { tasks: number(1_000), state: choice('computing', 'waiting') },

  check({ tasks }) {
    if (tasks === 0) throw new Error('tasks must be at least 1');
  },

  operations: ({ tasks }) => tasks,

  async run({ tasks, state }, latency) {
    const stop = new AbortController();
    setMaxListeners(0, stop.signal); // As many as there are tasks.
    const live = state === 'computing' ? keepComputing : keepWaiting;
    let ended = 0;
    const running = each(tasks, async () => {
      await live(stop.signal);
      ++ended;
    });
    await setImmediate(); // All have begun, and had one turn.

    latency.clock.start();
    stop.abort();
    const patience = new AbortController();
    const expiry = setTimeout(5_000, undefined, { signal: patience.signal }).catch(() => {});
    await Promise.race([Promise.all(running), expiry]);
    latency.clock.stop();
    patience.abort();
    latency.count('abandoned', tasks - ended);
    return ended;
  },
};

async function keepComputing(signal) {
  while (!signal.aborted) {
    compute(1_000);
    await setImmediate();
  }
}

async function keepWaiting(signal) {
  const never = new Promise(() => {});
  await Promise.race([once(signal, 'abort'), never]);
}
