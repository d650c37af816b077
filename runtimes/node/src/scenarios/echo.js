// Echo over loopback TCP, timed while the clients talk.
import { number } from '../parameters.js';
import { checkClients, checkDescriptors, talk, withConnections } from './clients.js';
import { Server, echo } from './server.js';

export const echoing = {
  timesAPart: true, // While the clients talk, all of them connected.

  parameters: { connections: number(64), message_bytes: number(64), round_trips: number(30) },

  check(p) {
    checkClients(p);
    checkDescriptors(p.connections * 2);
  },

  operations: ({ connections, round_trips }) => connections * round_trips,

  run: (p, latency) =>
    Server.use(echo, ({ port }) =>
      withConnections(p.connections, port, async (sockets) => {
        latency.clock.start();
        const rightBytes = await talk(sockets, p, latency);
        latency.clock.stop();
        return rightBytes;
      }),
    ),
};
