import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Recorder, now } from '../src/latency.js';
import { read } from '../src/parameters.js';
import { numbersFile, splitmix64 } from '../src/scenarios/file_read.js';
import { Unsupported, missing, scenarios } from '../src/scenarios/index.js';
import { sleepUntil } from '../src/scenarios/ticker.js';
import { inTime } from '../src/scenarios/timeout.js';
import { strideOver } from '../src/scenarios/timers.js';

const indices = (count) => (count * (count - 1)) / 2;

function computed(width, steps) {
  let total = 0n;
  for (let i = 0; i < width; ++i) {
    let state = BigInt(i);
    for (let step = 0; step < steps; ++step) {
      state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    }
    total += state;
  }
  return total % 2n ** 64n;
}

// What the readers of file_read find: the indices of the first words of the blocks.
function firstWords(reads, blocks) {
  let total = 0;
  for (let i = 0; i < reads; ++i) total += Number(splitmix64(BigInt(i)) % BigInt(blocks)) * 512;
  return total;
}

// The sizes that tests use, and what Regatta's oracle says to them, in whatever choice is not given.
const smoke = {
  accept: [{ given: { connects: 20, at_once: 4 }, answer: 20, operations: 20 }],
  blocking: [{ given: { ticks: 3, blockers: 1, blocks: 1 }, answer: 4, operations: 3 }],
  chained_spawn: [{ given: { depth: 20 }, answer: 20, operations: 20 }],
  connect_churn: [{ given: { clients: 2, churns: 3 }, answer: 6, operations: 6 }],
  echo: [
    {
      given: { connections: 3, message_bytes: 100, round_trips: 5 },
      answer: 1_500,
      operations: 15,
    },
  ],
  fairness: [{ given: { hogs: 2, ticks: 3, steps: 1_000 }, answer: 3, operations: 3 }],
  fan_out: [{ given: { children: 3, depth: 2, rounds: 2 }, answer: 18, operations: 24 }],
  fib: [
    { given: { n: 8 }, answer: 21, operations: 67 },
    { given: { n: 0 }, answer: 0, operations: 1 },
    { given: { n: 1 }, answer: 1, operations: 1 },
  ],
  file_read: [
    { given: { file_mib: 1, reads: 20 }, answer: firstWords(20, 256), operations: 20 },
    { given: { file_mib: 1, reads: 20, depth: 3 }, answer: firstWords(20, 256), operations: 20 },
    { given: { file_mib: 2, reads: 20 }, answer: firstWords(20, 512), operations: 20 },
  ],
  frame_size: [
    { given: { held: 100, tasks: 20 }, answer: indices(20), operations: 20 },
    { given: { held: 0, tasks: 20 }, answer: indices(20), operations: 20 },
    { given: { held: 65_536, tasks: 300 }, answer: indices(300), operations: 300 },
  ],
  join: [{ given: { width: 3, delay_us: 200 }, answer: 3, operations: 3 }],
  join_cpu: [{ given: { width: 3, steps: 100 }, answer: computed(3, 100), operations: 3 }],
  memory: [
    { given: { tasks: 100 }, answer: 100, operations: 1 },
    { given: { tasks: 0 }, answer: 0, operations: 1 },
  ],
  nqueens: [
    { given: { n: 5 }, answer: 10, operations: 54 },
    { given: { n: 8 }, answer: 92, operations: 2_057 },
    { given: { n: 3 }, answer: 0, operations: 6 },
  ],
  ping_pong: [{ given: { pairs: 20 }, answer: indices(20) + 20, operations: 20 }],
  proxy: [
    {
      given: { connections: 3, message_bytes: 100, round_trips: 5 },
      answer: 1_500,
      operations: 15,
    },
  ],
  scaling: [
    { given: { work: 'compute', threads: 1 }, answer: indices(200), operations: 200 },
    { given: { work: 'skynet', threads: 1 }, answer: indices(100_000), operations: 111_111 },
    { given: { work: 'fib', threads: 1 }, answer: 2_584, operations: 8_361 },
  ],
  shutdown: [{ given: { tasks: 20 }, answer: 20, operations: 20 }],
  skynet: [{ given: { leaves: 1_000 }, answer: indices(1_000), operations: 1_111 }],
  sleep_many: [{ given: { tasks: 100 }, answer: indices(100), operations: 100 }],
  spawn: [{ given: { tasks: 100 }, answer: indices(100), operations: 100 }],
  spawn_many: [{ given: { tasks: 100 }, answer: indices(100), operations: 100 }],
  stream: [
    { given: { elements: 100 }, answer: indices(100) + 100, operations: 100 },
    { given: { elements: 100, stages: 0 }, answer: indices(100), operations: 100 },
    {
      given: { elements: 100, stages: 8, capacity: 1 },
      answer: indices(100) + 800,
      operations: 100,
    },
  ],
  timeout: [{ given: { operations: 100 }, answer: indices(100), operations: 100 }],
  timer_lateness: [{ given: { sleeps: 20, longest_ms: 5 }, answer: 20, operations: 20 }],
  timers: [
    { given: { phase: 'create', timers: 100 }, answer: 100, operations: 100 },
    { given: { phase: 'fire', timers: 100 }, answer: indices(100), operations: 100 },
    { given: { phase: 'cancel', timers: 100 }, answer: 100, operations: 100 },
  ],
  wake: [{ given: { wakes: 10, pause_us: 10 }, answer: 10, operations: 10 }],
  yield: [{ given: { tasks: 10, yields: 10 }, answer: 100, operations: 100 }],
};

/** All combinations of the words that the scenario's parameters can have, but for those given. */
function inEveryChoice(name, given) {
  let combinations = [given];
  for (const [parameter, { words }] of Object.entries(scenarios[name].parameters)) {
    if (parameter in given || words.length === 0) continue;
    combinations = combinations.flatMap((chosen) =>
      words.map((word) => ({ ...chosen, [parameter]: word })),
    );
  }
  return combinations.map((chosen) => read(scenarios[name].parameters, chosen));
}

test('each has an oracle here, or a reason why it is missing', () => {
  assert.deepEqual(Object.keys(scenarios).sort(), Object.keys(smoke).sort());
  for (const name of Object.keys(missing)) assert.ok(!(name in scenarios));
});

for (const [name, cells] of Object.entries(smoke)) {
  for (const { given, answer, operations } of cells) {
    for (const parameters of inEveryChoice(name, given)) {
      test(`${name} ${JSON.stringify(parameters)}`, async (t) => {
        const { check, run, operations: count } = scenarios[name];
        try {
          check(parameters);
        } catch (error) {
          assert.ok(error instanceof Unsupported, error.message);
          t.skip(error.message);
          return;
        }
        assert.equal(count(parameters), operations);
        for (let i = 0; i < 3; ++i) assert.equal(await run(parameters, new Recorder()), answer);
      });
    }
  }
}

test('a chain may be longer than the stack is deep', async () => {
  assert.equal(await scenarios.chained_spawn.run({ depth: 100_000 }), 100_000);
});

test('messages larger than what the system buffers come back whole', async () => {
  const parameters = { through: 'proxy', connections: 2, message_bytes: 3_000_000, round_trips: 2 };
  assert.equal(await scenarios.proxy.run(parameters, new Recorder()), 12_000_000);
});

/** What the first of the cells above records. */
async function recorded(name, given = smoke[name][0].given) {
  const latency = new Recorder();
  await scenarios[name].run(read(scenarios[name].parameters, given), latency);
  return latency;
}

test('latencies are recorded, one for each operation', async () => {
  for (const name of [
    'blocking',
    'connect_churn',
    'echo',
    'fairness',
    'file_read',
    'proxy',
    'timer_lateness',
    'wake',
  ]) {
    const counted = (await recorded(name)).buckets().reduce((total, [, count]) => total + count, 0);
    assert.equal(counted, smoke[name][0].operations, name);
  }
});

test('who times a part does so', async () => {
  for (const name of ['echo', 'file_read', 'shutdown', 'timers']) {
    assert.equal(scenarios[name].timesAPart, true, name);
    assert.ok((await recorded(name)).clock.ns > 0n, name);
  }
});

/** The counters of a run in a process of its own, where no memory lies about to be used again. */
function countsOfFreshProcess(scenario, params) {
  const requests = [{ prepare: { scenario, params } }, { run: { iterations: 1 } }];
  const input = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
  const program = fileURLToPath(new URL('../contender.js', import.meta.url));
  const { stdout } = spawnSync(program, ['--serve'], { input, encoding: 'utf8' });
  return JSON.parse(stdout.split('\n')[1]).sample.counters;
}

test('async functions that wait take memory, and give some of it back', () => {
  const few = countsOfFreshProcess('memory', { kind: 'sleep', tasks: 0 });
  const many = countsOfFreshProcess('memory', { kind: 'sleep', tasks: 100_000 });
  // A timer alone has more than a hundred bytes.
  assert.ok(many.bytes > few.bytes + 100_000 * 100, `none take ${few.bytes}, many ${many.bytes}`);
  assert.ok(many.held_bytes < many.bytes, `${many.held_bytes} of ${many.bytes} are held`);
});

test('buffers that are held take memory', () => {
  const given = { held: 65_536, where: 'heap', tasks: 500 };
  const { bytes } = countsOfFreshProcess('frame_size', given);
  assert.ok(bytes >= 500 * 65_536 * 0.9, `500 buffers of 64 KiB take ${bytes} bytes`);
});

test('a thread that is blocked holds the ticker up', async () => {
  const given = { how: 'inline', blockers: 2, blocks: 2, ticks: 50 };
  const slowest = (await recorded('blocking', given)).buckets().at(-1)[0];
  // Within a millisecond after a block has begun one is due, which has to wait for the rest of it.
  assert.ok(slowest >= 18e6, `the latest tick was ${slowest} ns late`);
});

test('what does not come in time is given up', async () => {
  const never = new Promise(() => {});
  await assert.rejects(inTime(never, 5), /longer than 5 ms/);
  assert.equal(await inTime(Promise.resolve(7), 1_000), 7);
});

test('whoever sleeps until a moment is never early', async () => {
  const lateness = [];
  for (let i = 0; i < 20; ++i) {
    const due = now() + 1e6 + i * 37_000;
    await sleepUntil(due);
    lateness.push(now() - due);
  }
  assert.ok(Math.min(...lateness) >= 0, `${lateness}`);
});

test('a stride comes by every timer', () => {
  for (const count of [1, 2, 3, 6, 100, 618, 1_000, 10_000]) {
    const stride = strideOver(count);
    const seen = new Set(Array.from({ length: count }, (_, i) => (i * stride) % count));
    assert.equal(seen.size, count);
  }
});

test('splitmix64 is the generator of that name', () => {
  assert.equal(splitmix64(0n), 0xe220a8397b1dcdafn); // As its authors' own code prints it.
});

test('the file is made again for another size only', async () => {
  const one = await numbersFile(1);
  assert.equal(await numbersFile(1), one);
  const two = await numbersFile(2);
  assert.equal((await two.stat()).size, 2 * 2 ** 20);
});

test('parameters that make no sense are refused', () => {
  for (const [name, wrong] of Object.entries({
    accept: { at_once: 0 },
    blocking: { ticks: 0 },
    chained_spawn: { depth: 0 },
    connect_churn: { churns: 0 },
    echo: { round_trips: 0 },
    fairness: { ticks: 0 },
    fan_out: { children: 10, depth: 8 },
    fib: { n: 41 },
    file_read: { block_bytes: 12 },
    frame_size: { held: 101, where: 'heap' },
    join: { width: 0 },
    join_cpu: { width: 0 },
    nqueens: { n: 15 },
    ping_pong: { pairs: 0 },
    proxy: { connections: 0 },
    scaling: { threads: 0 },
    shutdown: { tasks: 0 },
    skynet: { leaves: 7 },
    sleep_many: { tasks: 0 },
    spawn: { tasks: 0 },
    spawn_many: { tasks: 0 },
    stream: { capacity: 0 },
    timeout: { operations: 0 },
    timer_lateness: { longest_ms: 0 },
    timers: { timers: 0 },
    wake: { wakes: 0 },
  })) {
    const { check, parameters } = scenarios[name];
    assert.throws(
      () => check(read(parameters, wrong)),
      (error) => !(error instanceof Unsupported),
      name,
    );
  }
});

test('more connections than descriptors are refused', () => {
  for (const [name, many] of Object.entries({
    accept: { at_once: 2 ** 40 },
    connect_churn: { clients: 2 ** 40 },
    echo: { connections: 2 ** 40 },
    memory: { kind: 'connection', tasks: 2 ** 40 },
    proxy: { connections: 2 ** 40 },
  })) {
    const { check, parameters } = scenarios[name];
    assert.throws(() => check(read(parameters, many)), Unsupported, name);
  }
});
