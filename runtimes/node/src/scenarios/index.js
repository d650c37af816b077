// Regatta's workloads as a Node programmer writes them. What each one does, its parameters and its
// answer are those of the header of that name in Regatta's folder scenarios.
//
// A scenario has
//   parameters       what they may be (parameters.js);
//   check(p)         throws where they make no sense, Unsupported where they ask for what Node lacks;
//   operations(p)    what the time of one run is divided by;
//   run(p, latency)  does the work, and resolves to the scenario's number. It can be called again.
import { chainedSpawn } from './chained_spawn.js';
import { join } from './join.js';
import { joinCpu } from './join_cpu.js';
import { pingPong } from './ping_pong.js';
import { proxy } from './proxy.js';
import { skynet } from './skynet.js';
import { spawn } from './spawn.js';
import { yielding } from './yield.js';

export { Unsupported } from './unsupported.js';

export const scenarios = {
  chained_spawn: chainedSpawn,
  join,
  join_cpu: joinCpu,
  ping_pong: pingPong,
  proxy,
  skynet,
  spawn,
  yield: yielding,
};

const noChannels =
  'Node has no channels: promises carry one value once, and streams have one reader';

/** Why the others are not here. */
export const missing = {
  channel: noChannels,
  channel_backpressure: noChannels,
  channel_latency: noChannels,
  channel_ring: noChannels,
};
