import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';

import { busyThreads } from '../src/process.js';
import { takeSample } from '../src/sampling.js';

/** A cell that answers what it is told to, and fails when there is nothing left. */
function planned(...answers) {
  const scenario = {
    operations: () => 7,
    async run(_, latency) {
      await setTimeout(1);
      if (answers.length === 0) throw new Error('out of answers');
      latency.record(1_000);
      latency.count('runs', 1);
      return answers.shift();
    },
  };
  return { scenario, parameters: {} };
}

test('a sample holds totals', async () => {
  const sample = await takeSample(planned(5, 5, 5), 3);
  assert.equal(sample.iterations, 3);
  assert.equal(sample.operations, 21);
  assert.equal(sample.answer, 5);
  assert.equal(sample.answers_differ, undefined);
  assert.equal(sample.counters.runs, 3);
  assert.deepEqual(
    sample.latency.buckets.map(([, count]) => count),
    [3],
  );
  assert.ok(sample.ns > 2_000_000n, `three runs of a millisecond took ${sample.ns} ns`);
});

test('of a scenario that times a part only that is timed', async () => {
  const scenario = {
    timesAPart: true,
    operations: () => 1,
    async run(_, { clock }) {
      await setTimeout(20);
      clock.start();
      await setTimeout(1);
      clock.stop();
      return 5;
    },
  };
  const begin = process.hrtime.bigint();
  const { ns } = await takeSample({ scenario, parameters: {} }, 2);
  const whole = process.hrtime.bigint() - begin;
  assert.ok(ns > 0n && ns < whole - 36_000_000n, `the parts took ${ns} of ${whole} ns`);
});

test('where latencies are recorded their cost is said', async () => {
  const sample = await takeSample(planned(5), 1);
  assert.ok(sample.recording_ns > 0);
});

test('answers that differ are said', async () => {
  for (const answers of [
    [4, 5, 5],
    [5, 4, 5],
    [5, 5, 4],
  ]) {
    assert.equal((await takeSample(planned(...answers), 3)).answers_differ, true);
  }
});

test('a run that fails gives no sample', async () => {
  await assert.rejects(takeSample(planned(5), 2), /out of answers/);
});

test('only threads that worked are busy', () => {
  const before = new Map(Object.entries({ 1: 1_000, 2: 1_000, 4: 9_000 }));
  const after = new Map(Object.entries({ 1: 2_000, 2: 1_001, 3: 500, 4: 10 }));
  assert.equal(busyThreads(before, after), 2);
});
