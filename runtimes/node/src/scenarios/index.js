// Regatta's workloads as a Node programmer writes them. What each one does, its parameters and its
// answer are those of the header of that name in Regatta's folder scenarios.
//
// A scenario has
//   parameters       what they may be (parameters.js);
//   timesAPart       whether it starts and stops latency.clock itself; otherwise all of run() is timed;
//   check(p)         throws where they make no sense, Unsupported where they ask for what Node lacks;
//   operations(p)    what the time of one run is divided by;
//   run(p, latency)  does the work, and resolves to the scenario's number. It can be called again.
import { accept } from './accept.js';
import { NO_POOL_FOR_JAVASCRIPT, blocking } from './blocking.js';
import { chainedSpawn } from './chained_spawn.js';
import { connectChurn } from './connect_churn.js';
import { echoing } from './echo.js';
import { fairness } from './fairness.js';
import { fanOut } from './fan_out.js';
import { fib } from './fib.js';
import { fileRead } from './file_read.js';
import { frameSize } from './frame_size.js';
import { join } from './join.js';
import { joinCpu } from './join_cpu.js';
import { memory } from './memory.js';
import { nqueens } from './nqueens.js';
import { pingPong } from './ping_pong.js';
import { proxy } from './proxy.js';
import { scaling } from './scaling.js';
import { shutdown } from './shutdown.js';
import { skynet } from './skynet.js';
import { sleepMany } from './sleep_many.js';
import { spawn } from './spawn.js';
import { spawnMany } from './spawn_many.js';
import { stream } from './stream.js';
import { timeout } from './timeout.js';
import { timerLateness } from './timer_lateness.js';
import { timers } from './timers.js';
import { wake } from './wake.js';
import { yielding } from './yield.js';
import { NO_CHANNELS } from './unsupported.js';

export { Unsupported } from './unsupported.js';

export const scenarios = {
  accept,
  blocking,
  chained_spawn: chainedSpawn,
  connect_churn: connectChurn,
  echo: echoing,
  fairness,
  fan_out: fanOut,
  fib,
  file_read: fileRead,
  frame_size: frameSize,
  join,
  join_cpu: joinCpu,
  memory,
  nqueens,
  ping_pong: pingPong,
  proxy,
  scaling,
  shutdown,
  skynet,
  sleep_many: sleepMany,
  spawn,
  spawn_many: spawnMany,
  stream,
  timeout,
  timer_lateness: timerLateness,
  timers,
  wake,
  yield: yielding,
};

/** Why the others are not here. */
export const missing = {
  binary_size: 'there is no program to measure: Node interprets a text',
  bytes: NO_CHANNELS,
  cancel_read:
    'a socket of Node hands over what has come, as an event: there is no read that could be given up',
  cancel_storm: NO_CHANNELS,
  channel: NO_CHANNELS,
  channel_backpressure: NO_CHANNELS,
  channel_latency: NO_CHANNELS,
  channel_ring: NO_CHANNELS,
  select: NO_CHANNELS,
  spawn_blocking: NO_POOL_FOR_JAVASCRIPT,
  startup:
    "Node's runtime begins and ends with its process, which runs a text and is no program of its own",
};
