// A tree of promises, made and joined again and again.
import { number } from '../parameters.js';
import { each, sum } from './work.js';

const MOST_IN_A_ROUND = 10_000_000;

export const fanOut = {
  parameters: { children: number(16), depth: number(1), rounds: number(100) },

  check({ children, depth, rounds }) {
    if (children === 0 || depth === 0 || rounds === 0) {
      throw new Error('children, depth and rounds must be at least 1');
    }
    if (inARound(children, depth) > MOST_IN_A_ROUND) {
      throw new Error(`a round would have more than ${MOST_IN_A_ROUND} tasks`);
    }
  },

  operations: ({ children, depth, rounds }) => rounds * inARound(children, depth),

  async run({ children, depth, rounds }) {
    let leaves = 0;
    for (let round = 0; round < rounds; ++round) leaves += await node(children, depth);
    return leaves;
  },
};

/** How many there are at all levels, or more than there may be. */
function inARound(children, depth) {
  let level = 1;
  let total = 0;
  for (let i = 0; i < depth && total <= MOST_IN_A_ROUND; ++i) {
    level *= children;
    total += level;
  }
  return total;
}

async function node(children, levelsBelow) {
  if (levelsBelow === 0) return 1;
  return sum(await Promise.all(each(children, () => node(children, levelsBelow - 1))));
}
