// Many promises at once, and their answers together: in the order in which they were started, or
// (spawn_set) as they come.
import { setImmediate, setTimeout } from 'node:timers/promises';

import { choice, number } from '../parameters.js';
import {
  ANOTHER_THREAD_CANNOT_START_ONE,
  NO_TASK_WITHIN_A_TASK,
  Unsupported,
} from './unsupported.js';
import { each, sum } from './work.js';

export const spawn = {
  parameters: {
    style: choice('spawn', 'unordered_set', 'spawn_set'),
    tasks: number(10_000),
    body: choice('ready', 'yield', 'sleep', 'receive'),
    from: choice('worker', 'external', 'block_on'),
  },

  check({ style, tasks, body, from }) {
    if (tasks === 0) throw new Error('tasks must be at least 1');
    if (style === 'unordered_set') throw new Unsupported(NO_TASK_WITHIN_A_TASK);
    if (body === 'receive') throw new Unsupported('Node has no channel to receive from');
    if (from === 'external') throw new Unsupported(ANOTHER_THREAD_CANNOT_START_ONE);
    if (from === 'block_on') throw new Unsupported('Node has no call that blocks for a promise');
  },

  operations: ({ tasks }) => tasks,

  run({ style, tasks, body }) {
    const children = each(tasks, (i) => child(i, body));
    return style === 'spawn_set' ? sumAsTheyCome(children) : sumInOrder(children);
  },
};

async function sumInOrder(children) {
  return sum(await Promise.all(children));
}

async function sumAsTheyCome(children) {
  let total = 0;
  await Promise.all(
    children.map((ending) =>
      ending.then((answer) => {
        total += answer;
      }),
    ),
  );
  return total;
}

async function child(index, body) {
  if (body === 'yield') await setImmediate();
  if (body === 'sleep') await setTimeout(1);
  return index;
}
