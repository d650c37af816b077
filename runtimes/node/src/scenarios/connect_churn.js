// Clients that make a connection for each message, and end it with a reset.
import { now } from '../latency.js';
import { number } from '../parameters.js';
import { checkDescriptors, message } from './clients.js';
import { Server, connect, echo } from './server.js';
import { each, sum } from './work.js';

export const connectChurn = {
  parameters: { clients: number(8), churns: number(50), message_bytes: number(64) },

  check({ clients, churns, message_bytes }) {
    if (clients === 0 || churns === 0 || message_bytes === 0) {
      throw new Error('clients, churns and message_bytes must be at least 1');
    }
    // A client may be one connection ahead of the server, which has yet to see that the last has ended.
    checkDescriptors(clients * 4);
  },

  operations: ({ clients, churns }) => clients * churns,

  run: (p, latency) =>
    Server.use(echo, async ({ port }) => {
      return sum(await Promise.all(each(p.clients, (client) => churn(port, client, p, latency))));
    }),
};

/** A client. Resolves to how many of its messages came back right. */
async function churn(port, client, { churns, message_bytes }, latency) {
  let right = 0;
  for (let trip = 0; trip < churns; ++trip) {
    const question = message(client, trip, message_bytes);
    const begin = now();
    const server = await connect(port);
    server.write(question);
    const answer = await receive(server, message_bytes);
    server.resetAndDestroy();
    latency.recordSince(begin);
    if (answer.equals(question)) ++right;
  }
  return right;
}

/** So many bytes, or more if more came with the last of them. */
function receive(server, size) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    let received = 0;
    server.on('error', reject);
    server.on('end', () => reject(new Error('the server finished before it had answered')));
    server.on('data', (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received >= size) resolve(Buffer.concat(chunks));
    });
  });
}
