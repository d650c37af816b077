// Clients that connect as fast as one server accepts them, which closes each connection at once.
import { number } from '../parameters.js';
import { checkDescriptors } from './clients.js';
import { Server, connect } from './server.js';
import { each } from './work.js';

export const accept = {
  parameters: { connects: number(10_000), at_once: number(100) },

  check({ connects, at_once }) {
    if (connects === 0 || at_once === 0) {
      throw new Error('connects and at_once must be at least 1');
    }
    checkDescriptors(at_once * 2);
  },

  operations: ({ connects }) => connects,

  async run({ connects, at_once }) {
    let accepted = 0;
    const closeAtOnce = (peer) => {
      ++accepted;
      peer.destroy();
    };
    await Server.use(closeAtOnce, async ({ port }) => {
      let left = connects;
      const client = async () => {
        while (left-- > 0) await knock(port);
      };
      await Promise.all(each(at_once, client));
    });
    return accepted;
  },
};

/** Connects, and waits until the server has accepted and closed. */
async function knock(port) {
  const server = await connect(port);
  try {
    await new Promise((resolve, reject) => {
      server.on('end', resolve);
      server.on('error', (error) => (error.code === 'ECONNRESET' ? resolve() : reject(error)));
      server.on('data', () => reject(new Error('the server should have closed, but sent')));
    });
  } finally {
    server.resetAndDestroy();
  }
}
