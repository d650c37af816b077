import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NotUnderstood, format, parse } from '../src/protocol.js';

test('every request is understood', () => {
  for (const [line, expected] of [
    [
      '{"hello":1,"variant":"a","threads":2,"seed":18446744073709551615}',
      { kind: 'hello', variant: 'a' },
    ],
    ['{"hello":1,"a key from the future":[1]}', { kind: 'hello', variant: '' }],
    ['{"list":{}}', { kind: 'list' }],
    ['{"prepare":{"scenario":"s"}}', { kind: 'prepare', scenario: 's', params: {} }],
    [
      '{"prepare":{"scenario":"s","params":{"n":7,"w":"x"}}}',
      { kind: 'prepare', scenario: 's', params: { n: 7, w: 'x' } },
    ],
    ['{"run":{"iterations":12}}', { kind: 'run', iterations: 12, samples: 1 }],
    ['{"run":{"iterations":12,"samples":3}}', { kind: 'run', iterations: 12, samples: 3 }],
    ['{"quit":true}', { kind: 'quit' }],
  ]) {
    assert.deepEqual(parse(line), expected, line);
  }
});

test('what is no request is explained', () => {
  for (const [line, sentence] of [
    ['this is no JSON', /expected one JSON object/],
    ['[1]', /expected a JSON object/],
    ['null', /expected a JSON object/],
    ['{}', /a request is one of/],
    ['{"hello":2}', /speaks protocol 2/],
    ['{"hello":"1"}', /hello.hello must be a whole number/],
    ['{"hello":1,"threads":-1}', /hello.threads must be a whole number/],
    ['{"hello":1,"variant":1}', /hello.variant must be a string/],
    ['{"prepare":7}', /prepare must be an object/],
    ['{"prepare":{}}', /prepare.scenario must be a string; got nothing/],
    ['{"prepare":{"scenario":"s","params":[]}}', /prepare.params must be an object/],
    ['{"prepare":{"scenario":"s","params":{"n":1.5}}}', /params.n must be a whole number/],
    ['{"prepare":{"scenario":"s","params":{"n":null}}}', /params.n must be a whole number/],
    ['{"run":{}}', /run.iterations must be a whole number/],
    ['{"run":{"iterations":0}}', /must be 1 or more/],
  ]) {
    assert.throws(
      () => parse(line),
      (error) => error instanceof NotUnderstood && sentence.test(error.message),
      line,
    );
  }
});

test('a reply is one line, prints 64 bits in full, and leaves out what is not known', () => {
  const sample = { answer: 2n ** 64n - 1n, latency: undefined, buckets: [[1, 2]], text: '"\n' };
  assert.equal(
    format({ sample }),
    '{"sample":{"answer":18446744073709551615,"buckets":[[1,2]],"text":"\\"\\n"}}',
  );
});
