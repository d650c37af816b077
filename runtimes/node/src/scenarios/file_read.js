// Blocks of a file read in a random order by some async functions; libuv's pool reads for them.
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { now } from '../latency.js';
import { number } from '../parameters.js';
import { each, sum } from './work.js';

const MIB = 2 ** 20;
const WORD_BYTES = 8;

export const fileRead = {
  timesAPart: true, // The reads, and not the making of the file.

  parameters: {
    file_mib: number(1_024),
    reads: number(10_000),
    depth: number(1),
    block_bytes: number(4_096),
  },

  check({ file_mib, reads, depth, block_bytes }) {
    if (file_mib === 0 || reads === 0 || depth === 0) {
      throw new Error('file_mib, reads and depth must be at least 1');
    }
    if (file_mib > MIB) throw new Error('file_mib must be at most 1048576, a TiB');
    if (block_bytes === 0 || block_bytes % WORD_BYTES !== 0 || block_bytes > file_mib * MIB) {
      throw new Error('block_bytes must be a multiple of 8, and no more than the file has');
    }
  },

  operations: ({ reads }) => reads,

  async run({ file_mib, reads, depth, block_bytes }, latency) {
    const file = await numbersFile(file_mib);
    const blocks = BigInt(Math.floor((file_mib * MIB) / block_bytes));
    // Drawn before the clock starts: 64-bit numbers are slow here, and are no part of reading.
    const places = each(reads, (i) => Number(splitmix64(BigInt(i)) % blocks) * block_bytes);
    const reader = async () => {
      const block = Buffer.alloc(block_bytes);
      let total = 0;
      for (let at = places.pop(); at !== undefined; at = places.pop()) {
        const begin = now();
        await readWhole(file, block, at);
        latency.recordSince(begin);
        total += firstWord(block);
      }
      return total;
    };
    latency.clock.start();
    const total = sum(await Promise.all(each(depth, reader)));
    latency.clock.stop();
    return total;
  },
};

async function readWhole(file, block, at) {
  const { bytesRead } = await file.read(block, 0, block.length, at);
  if (bytesRead !== block.length) throw new Error(`read ${bytesRead} bytes of ${block.length}`);
}

// It is less than 2^53: no file is that large.
const firstWord = (block) => block.readUInt32LE(4) * 2 ** 32 + block.readUInt32LE(0);

/** The generator of that name (Steele, Lea and Flood 2014) as a function of its state. */
export function splitmix64(state) {
  const cut = (value) => BigInt.asUintN(64, value);
  let x = cut(state + 0x9e3779b97f4a7c15n);
  x = cut((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
  x = cut((x ^ (x >> 27n)) * 0x94d049bb133111ebn);
  return x ^ (x >> 31n);
}

let made; // { mib, file }

/**
 * A file of words of 8 bytes, little-endian, each of which is its own index. It has no name any more,
 * so that it goes with the process; and it is made again only for another size.
 */
export async function numbersFile(mib) {
  if (made?.mib === mib) return made.file;
  await made?.file.close();
  made = undefined;
  made = { mib, file: await makeNumbers(mib) };
  return made.file;
}

/** Writes it, after which all of it is in the page cache. */
async function makeNumbers(mib) {
  const name = join(tmpdir(), `regatta-file-read-${process.pid}-${Date.now()}`);
  const file = await open(name, 'wx+');
  await unlink(name);
  const chunk = new DataView(new ArrayBuffer(MIB));
  for (let i = 0; i < mib; ++i) {
    const first = (i * MIB) / WORD_BYTES;
    for (let at = 0; at < MIB; at += WORD_BYTES) {
      const index = first + at / WORD_BYTES;
      chunk.setUint32(at, index, true);
      chunk.setUint32(at + 4, Math.floor(index / 2 ** 32), true);
    }
    await file.writeFile(chunk);
  }
  return file;
}
