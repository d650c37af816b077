// Echo over loopback TCP, direct or through a proxy. Each client sends a message and waits until all
// of it has come back (closed loop).
import { now } from '../latency.js';
import { choice, number } from '../parameters.js';
import { descriptorLimit } from '../process.js';
import { Server, connect, echo, forwarderTo } from './server.js';
import { Unsupported } from './unsupported.js';
import { each, sum } from './work.js';

const SPARE_DESCRIPTORS = 100; // For Node itself.

export const proxy = {
  parameters: {
    through: choice('direct', 'proxy'),
    connections: number(64),
    message_bytes: number(128),
    round_trips: number(30),
  },

  check({ through, connections, message_bytes, round_trips }) {
    if (connections === 0 || message_bytes === 0 || round_trips === 0) {
      throw new Error('connections, message_bytes and round_trips must be at least 1');
    }
    // Without enough, clients would wait for ever for a server that cannot accept them. Client and
    // echo server have one each; in the proxy there are two more.
    const needed = connections * (through === 'proxy' ? 4 : 2) + SPARE_DESCRIPTORS;
    const limit = descriptorLimit();
    if (needed > limit) {
      throw new Unsupported(
        `needs ${needed} descriptors, and this process may have ${limit} (ulimit -Hn): ` +
          'choose fewer connections',
      );
    }
  },

  operations: ({ connections, round_trips }) => connections * round_trips,

  async run(p, latency) {
    const echoing = await Server.start(echo);
    try {
      if (p.through === 'direct') return await drive(p, echoing.port, latency);
      return await driveThroughProxy(p, echoing.port, latency);
    } finally {
      await echoing.stop();
    }
  },
};

async function driveThroughProxy(p, target, latency) {
  const relaying = await Server.start(forwarderTo(target));
  try {
    return await drive(p, relaying.port, latency);
  } finally {
    await relaying.stop();
  }
}

/** Connects all clients, then lets all begin. */
async function drive(p, port, latency) {
  const begin = now();
  const attempts = await Promise.allSettled(each(p.connections, () => connect(port)));
  latency.count('setup_ns', now() - begin);
  const sockets = attempts.flatMap(({ value }) => value ?? []);
  try {
    const failed = attempts.find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw new Error(`cannot connect: ${failed.reason.message}`);
    return sum(await Promise.all(sockets.map((socket, client) => ask(socket, client, p, latency))));
  } finally {
    // No port waits in TIME_WAIT for the next run.
    for (const socket of sockets) socket.resetAndDestroy();
  }
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
      if (++trip < round_trips) {
        send();
      } else {
        server.resetAndDestroy();
        resolve(rightBytes);
      }
    });
    send();
  });
}

/** No two messages are alike, so that one which went astray is noticed. */
function message(client, trip, size) {
  const bytes = Buffer.allocUnsafe(size);
  let word = Math.imul(client + 1, 0x9e3779b1) ^ trip;
  for (let i = 0; i < size; ++i) {
    bytes[i] = (word >>> 24) ^ word; // Its low eight bits.
    word = Math.imul(word, 1664525) + 1013904223; // A 32-bit LCG, Numerical Recipes'.
  }
  return bytes;
}
