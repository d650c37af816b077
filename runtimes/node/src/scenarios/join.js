// The parts of a page, fetched one after the other or all at once.
import { setTimeout } from 'node:timers/promises';

import { choice, number } from '../parameters.js';
import { NO_TASK_WITHIN_A_TASK, Unsupported } from './unsupported.js';
import { each, sum } from './work.js';

export const join = {
  parameters: {
    style: choice('sequential', 'join', 'spawn'),
    width: number(3),
    delay_us: number(1_000),
    delays: choice('equal', 'unequal'),
  },

  check({ style, width }) {
    if (width === 0) throw new Error('width must be at least 1');
    if (style === 'join') throw new Unsupported(NO_TASK_WITHIN_A_TASK);
  },

  operations: ({ width }) => width,

  run: (p) => (p.style === 'sequential' ? oneAfterTheOther(p) : allAtOnce(p)),
};

async function oneAfterTheOther(p) {
  const fetches = new InFlight();
  let page = 0;
  for (let i = 0; i < p.width; ++i) page += await fetch(i, p, fetches);
  if (fetches.most > 1) throw new Error('sequential fetches ran at the same time');
  return page;
}

async function allAtOnce(p) {
  const fetches = new InFlight();
  return sum(await Promise.all(each(p.width, (i) => fetch(i, p, fetches))));
}

async function fetch(i, { delay_us, delays }, fetches) {
  fetches.begin();
  const times = delays === 'unequal' ? (i % 3) + 1 : 1;
  // Node's timers count whole milliseconds.
  if (delay_us > 0) await setTimeout(Math.ceil((times * delay_us) / 1_000));
  fetches.end();
  return i;
}

/** How many fetches are under way at once. */
class InFlight {
  now = 0;
  most = 0;

  begin() {
    this.most = Math.max(this.most, ++this.now);
  }

  end() {
    --this.now;
  }
}
