// Clients of an echo server, each on a connection of its own. They send a message and wait until all
// of it has come back before they send the next (closed loop).
import { now } from '../latency.js';
import { descriptorLimit } from '../process.js';
import { connect } from './server.js';
import { Unsupported } from './unsupported.js';
import { each, sum } from './work.js';

const SPARE_DESCRIPTORS = 100; // For Node itself.

/** Throws where the process may not have so many: clients would wait for ever to be accepted. */
export function checkDescriptors(count) {
  const needed = count + SPARE_DESCRIPTORS;
  const limit = descriptorLimit();
  if (needed > limit) {
    throw new Unsupported(
      `needs ${needed} descriptors, and this process may have ${limit} (ulimit -Hn): ` +
        'choose fewer connections',
    );
  }
}

export function checkClients({ connections, message_bytes, round_trips }) {
  if (connections === 0 || message_bytes === 0 || round_trips === 0) {
    throw new Error('connections, message_bytes and round_trips must be at least 1');
  }
}

/** Connects so many clients, uses their sockets, and resets them. */
export async function withConnections(count, port, use) {
  const attempts = await Promise.allSettled(each(count, () => connect(port)));
  const sockets = attempts.flatMap(({ value }) => value ?? []);
  try {
    const failed = attempts.find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw new Error(`cannot connect: ${failed.reason.message}`);
    return await use(sockets);
  } finally {
    // No port waits in TIME_WAIT for the next run.
    for (const socket of sockets) socket.resetAndDestroy();
  }
}

/** Resolves to how many bytes came back right. */
export async function talk(sockets, parameters, latency) {
  const asked = sockets.map((socket, client) => ask(socket, client, parameters, latency));
  return sum(await Promise.all(asked));
}

/** A client. Resolves to how many bytes came back right. */
function ask(server, client, { message_bytes, round_trips }, latency) {
  const answer = Buffer.allocUnsafe(message_bytes);
  let question;
  let begin;
  let received;
  let trip = 0;
  let rightBytes = 0;

  const send = () => {
    question = message(client, trip, message_bytes);
    received = 0;
    begin = now();
    server.write(question);
  };

  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.on('end', () => reject(new Error('the server finished before it had answered')));
    server.on('data', (chunk) => {
      chunk.copy(answer, received);
      received += chunk.length;
      if (received < message_bytes) return;
      latency.recordSince(begin);
      if (received === message_bytes && answer.equals(question)) rightBytes += message_bytes;
      if (++trip < round_trips) send();
      else resolve(rightBytes);
    });
    send();
  });
}

/** No two messages are alike, so that one which went astray is noticed. */
export function message(client, trip, size) {
  const bytes = Buffer.allocUnsafe(size);
  let word = Math.imul(client + 1, 0x9e3779b1) ^ trip;
  for (let i = 0; i < size; ++i) {
    bytes[i] = (word >>> 24) ^ word; // Its low eight bits.
    word = Math.imul(word, 1664525) + 1013904223; // A 32-bit LCG, Numerical Recipes'.
  }
  return bytes;
}
