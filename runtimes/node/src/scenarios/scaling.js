// The work of another scenario on a number of threads, which can be one only.
import { choice, number } from '../parameters.js';
import { fib } from './fib.js';
import { skynet } from './skynet.js';
import { Unsupported } from './unsupported.js';
import { compute, each, sum } from './work.js';

/** Async functions that have nothing to do with each other. */
const computation = {
  operations: ({ tasks }) => tasks,

  async run({ tasks, steps }) {
    const task = async (index) => {
      compute(steps);
      return index;
    };
    return sum(await Promise.all(each(tasks, task)));
  },
};

const subjects = {
  skynet: { scenario: skynet, parameters: { leaves: 100_000, fan_out: 10 } },
  fib: { scenario: fib, parameters: { n: 18 } },
  compute: { scenario: computation, parameters: { tasks: 200, steps: 10_000 } },
};

export const scaling = {
  parameters: { work: choice('skynet', 'fib', 'compute'), threads: number(1) },

  check({ threads }) {
    if (threads === 0 || threads > 1_024) throw new Error('threads must be from 1 to 1024');
    if (threads > 1) throw new Unsupported('one thread runs all JavaScript');
  },

  operations: ({ work }) => subjects[work].scenario.operations(subjects[work].parameters),

  run: ({ work }) => subjects[work].scenario.run(subjects[work].parameters),
};
