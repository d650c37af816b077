// Echo over loopback TCP, direct or through a proxy.
import { now } from '../latency.js';
import { choice, number } from '../parameters.js';
import { checkClients, checkDescriptors, talk, withConnections } from './clients.js';
import { Server, echo, forwarderTo } from './server.js';

export const proxy = {
  parameters: {
    through: choice('direct', 'proxy'),
    connections: number(64),
    message_bytes: number(128),
    round_trips: number(30),
  },

  check(p) {
    checkClients(p);
    // Client and echo server have one each; in the proxy there are two more.
    checkDescriptors(p.connections * (p.through === 'proxy' ? 4 : 2));
  },

  operations: ({ connections, round_trips }) => connections * round_trips,

  run: (p, latency) =>
    Server.use(echo, (echoing) => {
      if (p.through === 'direct') return drive(p, echoing.port, latency);
      return Server.use(forwarderTo(echoing.port), ({ port }) => drive(p, port, latency));
    }),
};

/** Connects all clients, then lets all begin. */
function drive(p, port, latency) {
  const begin = now();
  return withConnections(p.connections, port, (sockets) => {
    latency.count('setup_ns', now() - begin);
    return talk(sockets, p, latency);
  });
}
