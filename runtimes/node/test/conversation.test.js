import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { serve } from '../src/conversation.js';

const program = fileURLToPath(new URL('../contender.js', import.meta.url));

/** Has a conversation; resolves to the replies and the exit code. */
async function say(...requests) {
  let output = '';
  const target = { write: (line) => (output += line) };
  const code = await serve(Readable.from([`${requests.join('\n')}\n`]), target);
  return { code, replies: output.trimEnd().split('\n').map(JSON.parse) };
}

test('a hello is answered with what is', async () => {
  const { replies } = await say('{"hello":1,"threads":4}');
  assert.equal(replies[0].threads, 1);
  assert.equal(replies[0].io, 'epoll');
});

test('a cell is prepared and run', async () => {
  const { replies, code } = await say(
    '{"prepare":{"scenario":"skynet","params":{"leaves":100}}}',
    '{"run":{"iterations":2,"samples":2}}',
    '{"quit":true}',
    '{"list":{}}',
  );
  assert.equal(code, 0);
  assert.equal(replies.length, 4);
  assert.deepEqual(replies[0], { ready: true });
  for (const { sample } of replies.slice(1, 3)) {
    assert.equal(sample.answer, 4950);
    assert.equal(sample.operations, 222);
  }
  assert.deepEqual(replies[3], { done: true });
});

test('what is missing is listed with the reason', async () => {
  const { replies } = await say('{"list":{}}');
  assert.match(replies.find(({ scenario }) => scenario === 'channel').unsupported, /no channels/);
  assert.deepEqual(replies.at(-1), { end: true });
});

test('it goes on after an error', async () => {
  for (const [request, kind] of [
    ['this is no JSON', 'protocol'],
    ['{"run":{"iterations":1}}', 'protocol'],
    ['{"hello":1,"variant":"green"}', 'unsupported'],
    ['{"prepare":{"scenario":"no such"}}', 'unsupported'],
    ['{"prepare":{"scenario":"toString"}}', 'unsupported'],
    ['{"prepare":{"scenario":"channel"}}', 'unsupported'],
    ['{"prepare":{"scenario":"join","params":{"style":"join"}}}', 'unsupported'],
    ['{"prepare":{"scenario":"join","params":{"no such":1}}}', 'failed'],
    ['{"prepare":{"scenario":"join","params":{"width":0}}}', 'failed'],
  ]) {
    const { replies, code } = await say(request, '{"prepare":{"scenario":"skynet"}}');
    assert.equal(replies[0].error, kind, request);
    assert.deepEqual(replies.slice(1), [{ ready: true }], request);
    assert.equal(code, 0);
  }
});

test('a prepare that fails leaves nothing to run', async () => {
  const { replies } = await say(
    '{"prepare":{"scenario":"skynet","params":{"leaves":10}}}',
    '{"prepare":{"scenario":"skynet","params":{"leaves":7}}}',
    '{"run":{"iterations":1}}',
  );
  assert.equal(replies[2].error, 'protocol');
});

test('a line that is too long ends it', async () => {
  const { replies, code } = await say('x'.repeat(70_000));
  assert.equal(replies[0].error, 'protocol');
  assert.equal(code, 1);
});

test('the end of its input ends the program', () => {
  const ended = spawnSync(program, ['--serve'], { input: '{"list":{}}\n', encoding: 'utf8' });
  assert.equal(ended.status, 0);
  assert.match(ended.stdout, /\{"end":true\}\n$/);
});

test('without --serve the program says how it is used', () => {
  const ended = spawnSync(program, [], { encoding: 'utf8' });
  assert.equal(ended.status, 2);
  assert.equal(ended.stdout, '');
  assert.match(ended.stderr, /^usage/);
});
