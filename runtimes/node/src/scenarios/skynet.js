// A tree of promises that adds up the numbers of its leaves.
import { number } from '../parameters.js';
import { each, sum } from './work.js';

export const skynet = {
  parameters: { leaves: number(1_000_000), fan_out: number(10) },

  check({ leaves, fan_out }) {
    if (fan_out < 2) throw new Error('fan_out must be at least 2');
    let left = leaves;
    while (left > 1 && left % fan_out === 0) left /= fan_out;
    if (left !== 1) {
      throw new Error('leaves must be a power of fan_out, such as leaves=1000 fan_out=10');
    }
  },

  operations: ({ leaves, fan_out }) => Math.floor((leaves * fan_out - 1) / (fan_out - 1)),

  run: ({ leaves, fan_out }) => node(0, leaves, fan_out),
};

async function node(first, leaves, fanOut) {
  if (leaves === 1) return first;
  const share = leaves / fanOut;
  return sum(await Promise.all(each(fanOut, (i) => node(first + i * share, share, fanOut))));
}
