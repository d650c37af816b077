import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Recorder } from '../src/latency.js';
import { read } from '../src/parameters.js';
import { Unsupported, missing, scenarios } from '../src/scenarios/index.js';

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

// The sizes that tests use, and what Regatta's oracle says to them.
const smoke = {
  chained_spawn: { given: { depth: 20 }, answer: 20, operations: 20 },
  join: { given: { width: 3, delay_us: 200 }, answer: 3, operations: 3 },
  join_cpu: { given: { width: 3, steps: 100 }, answer: computed(3, 100), operations: 3 },
  ping_pong: { given: { pairs: 20 }, answer: indices(20) + 20, operations: 20 },
  proxy: {
    given: { connections: 3, message_bytes: 100, round_trips: 5 },
    answer: 1_500,
    operations: 15,
  },
  skynet: { given: { leaves: 1_000 }, answer: indices(1_000), operations: 1_111 },
  spawn: { given: { tasks: 100 }, answer: indices(100), operations: 100 },
  yield: { given: { tasks: 10, yields: 10 }, answer: 100, operations: 100 },
};

/** All combinations of the words that the scenario's parameters can have. */
function inEveryChoice(name) {
  let combinations = [smoke[name].given];
  for (const [parameter, { words }] of Object.entries(scenarios[name].parameters)) {
    if (words.length === 0) continue;
    combinations = combinations.flatMap((chosen) =>
      words.map((word) => ({ ...chosen, [parameter]: word })),
    );
  }
  return combinations.map((given) => read(scenarios[name].parameters, given));
}

test('each has an oracle here, or a reason why it is missing', () => {
  assert.deepEqual(Object.keys(scenarios).sort(), Object.keys(smoke).sort());
  for (const name of Object.keys(missing)) assert.ok(!(name in scenarios));
});

for (const [name, { answer, operations }] of Object.entries(smoke)) {
  const { check, run, operations: count } = scenarios[name];
  for (const parameters of inEveryChoice(name)) {
    test(`${name} ${JSON.stringify(parameters)}`, async (t) => {
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

test('a chain may be longer than the stack is deep', async () => {
  assert.equal(await scenarios.chained_spawn.run({ depth: 100_000 }), 100_000);
});

test('messages larger than what the system buffers come back whole', async () => {
  const parameters = { through: 'proxy', connections: 2, message_bytes: 3_000_000, round_trips: 2 };
  assert.equal(await scenarios.proxy.run(parameters, new Recorder()), 12_000_000);
});

test('each round trip is recorded', async () => {
  const latency = new Recorder();
  const parameters = read(scenarios.proxy.parameters, smoke.proxy.given);
  await scenarios.proxy.run(parameters, latency);
  const counted = latency.buckets().reduce((total, [, count]) => total + count, 0);
  assert.equal(counted, smoke.proxy.operations);
});

test('parameters that make no sense are refused', () => {
  for (const [name, wrong] of Object.entries({
    chained_spawn: { depth: 0 },
    join: { width: 0 },
    join_cpu: { width: 0 },
    ping_pong: { pairs: 0 },
    proxy: { connections: 0 },
    skynet: { leaves: 7 },
    spawn: { tasks: 0 },
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
  const { check, parameters } = scenarios.proxy;
  assert.throws(() => check(read(parameters, { connections: 2 ** 40 })), Unsupported);
});
