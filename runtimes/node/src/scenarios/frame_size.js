// What async functions take that wait while they hold a buffer, which they still need afterwards (open)
// or not any more (closed).
import { choice, number } from '../parameters.js';
import { residentBytes } from '../process.js';
import { Unsupported } from './unsupported.js';
import { each, sum } from './work.js';

const PAGE_BYTES = 4_096;
const SIZES = [0, 100, 1_024, 65_536];

export const frameSize = {
  parameters: {
    held: number(1_024),
    where: choice('frame', 'heap'),
    scope: choice('open', 'closed'),
    tasks: number(1_000),
  },

  check({ held, where, tasks }) {
    if (tasks === 0) throw new Error('tasks must be at least 1');
    if (!SIZES.includes(held)) throw new Error(`held must be one of ${SIZES.join(' ')}`);
    if (where === 'frame') {
      throw new Unsupported('in JavaScript every buffer is on the heap: no frame can hold one');
    }
  },

  operations: ({ tasks }) => tasks,

  async run({ held, scope, tasks }, latency) {
    let end;
    const waiting = new Promise((resolve) => {
      end = resolve;
    });
    const hold = scope === 'open' ? holdOpen : holdClosed;
    const before = residentBytes();
    const holding = each(tasks, (index) => hold(held, index, waiting));
    latency.count('bytes', Math.max(residentBytes() - before, 0));
    end();
    const checksums = await Promise.all(holding);
    const lost = checksums.findIndex((checksum, index) => checksum !== index);
    if (lost >= 0) throw new Error(`the buffer of task ${lost} has lost what was written into it`);
    return sum(checksums);
  },
};

async function holdOpen(held, index, waiting) {
  const buffer = written(held, index);
  await waiting;
  return checksum(buffer, index);
}

async function holdClosed(held, index, waiting) {
  let found;
  {
    const buffer = written(held, index);
    found = checksum(buffer, index);
  }
  await waiting;
  return found;
}

/** No page of it is left untouched. */
function written(held, index) {
  const buffer = Buffer.alloc(held);
  for (let i = 0; i < held; i += PAGE_BYTES) buffer[i] = index;
  return buffer;
}

/** The index, if it is what was written. */
function checksum(buffer, index) {
  for (let i = 0; i < buffer.length; i += PAGE_BYTES) {
    if (buffer[i] !== (index & 255)) return -1;
  }
  return index;
}
