// A chain of promises, each of which starts the next and waits for it.
import { number } from '../parameters.js';

export const chainedSpawn = {
  parameters: { depth: number(1_000) },

  check({ depth }) {
    if (depth === 0) throw new Error('depth must be at least 1');
  },

  operations: ({ depth }) => depth,

  run: ({ depth }) => link(depth),
};

async function link(tasksLeft) {
  if (tasksLeft === 0) return 0;
  // A plain call would run at once, on top of this one: a long chain would overflow the stack. As a
  // microtask it is handed over, which is what this scenario is about.
  const below = Promise.resolve().then(() => link(tasksLeft - 1));
  return (await below) + 1;
}
