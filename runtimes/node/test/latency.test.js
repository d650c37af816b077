import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';

import { Recorder, recordingNs, shortened } from '../src/latency.js';

test('no value is off by more than one percent', () => {
  for (let value = 1; value < 2 ** 52; value += Math.floor(value / 3) + 1) {
    const latency = new Recorder();
    latency.record(value);
    const [[kept, count]] = latency.buckets();
    assert.equal(count, 1);
    assert.ok(Math.abs(kept - value) <= 0.01 * value, `${value} is kept as ${kept}`);
  }
});

test('buckets are ascending and hold all that was recorded', () => {
  const latency = new Recorder();
  for (let value = 0; value < 20_000; ++value) latency.record(value ** 3);
  const buckets = latency.buckets();
  assert.equal(
    buckets.reduce((total, [, count]) => total + count, 0),
    20_000,
  );
  buckets.slice(1).forEach(([value], i) => assert.ok(value > buckets[i][0]));
  assert.ok(buckets.length <= 1_000);
});

test('shortening loses nothing and flatters nobody', () => {
  const buckets = [1, 2, 3, 4, 9].map((value) => [value, 1]);
  assert.deepEqual(shortened(buckets, 3), [
    [2, 2],
    [4, 2],
    [9, 1],
  ]);
});

test('counts add up', () => {
  const latency = new Recorder();
  latency.count('dropped', 1);
  latency.count('dropped', 2);
  assert.deepEqual(latency.counts, { dropped: 3 });
});

test('only what lies between start and stop is timed', async () => {
  const { clock } = new Recorder();
  const begin = process.hrtime.bigint();
  for (let i = 0; i < 2; ++i) {
    await setTimeout(50);
    clock.start();
    await setTimeout(10);
    clock.stop();
  }
  const whole = process.hrtime.bigint() - begin;
  assert.ok(clock.ns > 16_000_000n && clock.ns < whole - 90_000_000n, `${clock.ns} of ${whole}`);
});

test('what is spent outside of the part is not counted', () => {
  const { clock } = new Recorder();
  const compute = (milliseconds) => {
    for (const end = performance.now() + milliseconds; performance.now() < end;);
  };
  const before = process.cpuUsage();
  compute(100);
  clock.start();
  clock.stop();
  const { user, system } = process.cpuUsage(before);
  assert.ok(clock.cpuNs < ((user + system) * 1_000) / 2, `${clock.cpuNs} ns were counted`);
});

test('a clock that runs is not started again, nor one that stands stopped', () => {
  const { clock } = new Recorder();
  assert.throws(() => clock.stop(), /does not run/);
  clock.start();
  assert.throws(() => clock.start(), /runs already/);
});

test('recording costs something', () => {
  assert.ok(recordingNs() > 0 && recordingNs() < 100_000, `${recordingNs()} ns`);
});
