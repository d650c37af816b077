// Pairs of async functions that exchange a number over two promises.
import { number } from '../parameters.js';
import { each, sum } from './work.js';

export const pingPong = {
  parameters: { pairs: number(1_000) },

  check({ pairs }) {
    if (pairs === 0) throw new Error('pairs must be at least 1');
  },

  operations: ({ pairs }) => pairs,

  run: async ({ pairs }) => sum(await Promise.all(each(pairs, ping))),
};

async function ping(value) {
  const there = oneshot();
  const back = oneshot();
  const partner = pong(there, back);
  there.send(value);
  const answer = await back.received;
  await partner;
  return answer;
}

async function pong(question, answer) {
  answer.send((await question.received) + 1);
}

/** A promise, and what fulfils it. */
function oneshot() {
  let send;
  const received = new Promise((resolve) => {
    send = resolve;
  });
  return { send, received };
}
