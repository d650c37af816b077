// TCP on loopback: servers, and connections to them.
import { once } from 'node:events';
import net from 'node:net';

// A side that has finished may still be answered.
const OPTIONS = { allowHalfOpen: true, noDelay: true };

/** Runs a handler for each of its connections, on loopback. */
export class Server {
  #server;

  /** Starts one, resolves to what `use` makes of it, and stops it. */
  static async use(handle, use) {
    const server = await Server.start(handle);
    try {
      return await use(server);
    } finally {
      await server.stop();
    }
  }

  static async start(handle) {
    const started = new Server();
    started.#server = net.createServer(OPTIONS, handle);
    started.#server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
    await once(started.#server, 'listening');
    return started;
  }

  get port() {
    return this.#server.address().port;
  }

  /** Accepts nobody any more, and waits until those who are there have gone. */
  async stop() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}

/** A connection that stands, or an exception. */
export async function connect(port) {
  const socket = net.connect({ ...OPTIONS, host: '127.0.0.1', port });
  await once(socket, 'connect');
  return socket;
}

/** Sends back what it is sent, until the peer has finished or is gone. */
export function echo(peer) {
  peer.on('error', () => peer.destroy()); // The peer is gone, which is an end like another.
  peer.pipe(peer);
}

/** A handler that connects each client to that port, and relays between the two. */
export function forwarderTo(port) {
  return (client) => {
    const upstream = net.connect({ ...OPTIONS, host: '127.0.0.1', port });
    // A failure of either ends both, and their peers learn of it.
    const fail = () => {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    };
    client.on('error', fail);
    upstream.on('error', fail);
    // Passes on what comes, and then that it has finished, each way on its own.
    client.pipe(upstream);
    upstream.pipe(client);
  };
}
