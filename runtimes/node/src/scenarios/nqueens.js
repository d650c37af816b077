// The ways in which n queens can stand on a board, a promise for each board on which some of them
// stand without a threat.
import { number } from '../parameters.js';
import { sum } from './work.js';

export const nqueens = {
  parameters: { n: number(8) },

  check({ n }) {
    if (n === 0 || n > 14) throw new Error('n must be from 1 to 14');
  },

  operations: ({ n }) => placements(EMPTY, n),

  run: ({ n }) => solutions(EMPTY, n),
};

// A bit is a row; those that are threatened in the next line are set, apart for each direction from
// which they are.
const EMPTY = { queens: 0, rows: 0, upper: 0, lower: 0 };

async function solutions(board, n) {
  if (board.queens === n) return 1;
  return sum(await Promise.all(nextBoards(board, n).map((next) => solutions(next, n))));
}

/** This board, and all that can be made of it. */
function placements(board, n) {
  if (board.queens === n) return 1;
  return 1 + sum(nextBoards(board, n).map((next) => placements(next, n)));
}

/** With one queen more, in each row of the next line that nobody threatens. */
function nextBoards({ queens, rows, upper, lower }, n) {
  const boards = [];
  for (let free = ((1 << n) - 1) & ~(rows | upper | lower); free !== 0; free &= free - 1) {
    const queen = free & -free;
    boards.push({
      queens: queens + 1,
      rows: rows | queen,
      upper: (upper | queen) << 1,
      lower: (lower | queen) >> 1,
    });
  }
  return boards;
}
