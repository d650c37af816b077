// What async functions that wait for something take, and what is left when they have ended.
import { choice, number } from '../parameters.js';
import { collectGarbage, residentBytes } from '../process.js';
import { checkDescriptors, withConnections } from './clients.js';
import { Server } from './server.js';
import { NO_CHANNELS, Unsupported } from './unsupported.js';
import { each } from './work.js';

const HOUR_MS = 3_600_000;

export const memory = {
  parameters: { kind: choice('sleep', 'receive', 'connection'), tasks: number(10_000) },

  check({ kind, tasks }) {
    if (kind === 'receive') throw new Unsupported(NO_CHANNELS);
    if (kind === 'connection') checkDescriptors(2 * tasks);
  },

  operations: () => 1,

  async run({ kind, tasks }, latency) {
    const look = () => latency.count('bytes', residentBytes());
    const parked = await (kind === 'sleep' ? sleepers(tasks, look) : readers(tasks, look));
    await collectGarbage(); // Until the next collection it would only be garbage.
    latency.count('held_bytes', residentBytes());
    return parked;
  },
};

/** All sleep, and are woken early after a look. Resolves to how many they were. */
async function sleepers(tasks, look) {
  const alarms = [];
  const sleeper = async () => {
    await new Promise((wake) => {
      alarms.push({ timer: setTimeout(wake, HOUR_MS), wake });
    });
  };
  const sleeping = each(tasks, sleeper);
  const parked = alarms.length;
  look();
  for (const { timer, wake } of alarms) {
    clearTimeout(timer);
    wake();
  }
  await Promise.all(sleeping);
  return parked;
}

/** Handlers of a server that nobody sends anything. */
async function readers(tasks, look) {
  let parked = 0;
  let allParked;
  const everyoneIsThere = new Promise((resolve) => {
    allParked = resolve;
  });
  const read = (peer) => {
    peer.on('error', () => peer.destroy());
    peer.on('data', () => {});
    if (++parked === tasks) allParked();
  };
  await Server.use(read, ({ port }) =>
    withConnections(tasks, port, async () => {
      if (tasks > 0) await everyoneIsThere;
      look();
    }),
  );
  return parked;
}
