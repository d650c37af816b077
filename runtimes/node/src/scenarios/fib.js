// Fibonacci's numbers the slow way: of the two below, one is started and the other awaited.
import { number } from '../parameters.js';

export const fib = {
  parameters: { n: number(20) },

  check({ n }) {
    if (n > 40) throw new Error('n must be at most 40');
  },

  /** The number of calls, 2 fib(n + 1) - 1. */
  operations({ n }) {
    let [current, next] = [0, 1];
    for (let i = 0; i <= n; ++i) [current, next] = [next, current + next];
    return 2 * current - 1;
  },

  run: ({ n }) => fibonacci(n),
};

async function fibonacci(n) {
  if (n < 2) return n;
  const one = fibonacci(n - 1);
  const two = await fibonacci(n - 2);
  return (await one) + two;
}
