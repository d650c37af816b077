// A pipeline of streams: numbers go from stream to stream, each of which adds 1.
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { number } from '../parameters.js';
import { each } from './work.js';

export const stream = {
  parameters: { stages: number(1), elements: number(10_000), capacity: number(64) },

  check({ elements, capacity }) {
    if (elements === 0 || capacity === 0) {
      throw new Error('elements and capacity must be at least 1');
    }
  },

  operations: ({ elements }) => elements,

  async run({ stages, elements, capacity }) {
    const options = { objectMode: true, highWaterMark: capacity };
    const source = Readable.from(numbers(elements), options);
    const { received, total } = await pipeline(
      source,
      ...each(stages, () => addingOne(options)),
      add,
    );
    if (received !== elements) {
      throw new Error(`${elements} elements were sent, but ${received} received`);
    }
    return total;
  },
};

async function* numbers(count) {
  for (let i = 0; i < count; ++i) yield i;
}

function addingOne(options) {
  return new Transform({
    ...options,
    transform(element, _, done) {
      done(null, element + 1);
    },
  });
}

async function add(elements) {
  let received = 0;
  let total = 0;
  for await (const element of elements) {
    ++received;
    total += element;
  }
  return { received, total };
}
