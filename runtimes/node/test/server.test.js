import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { Server, connect, echo, forwarderTo } from '../src/scenarios/server.js';

/** Uses a client that a proxy connects to an upstream with this handler. */
async function throughProxy(handle, use) {
  const upstream = await Server.start(handle);
  const relaying = await Server.start(forwarderTo(upstream.port));
  const client = await connect(relaying.port);
  try {
    await use(client);
  } finally {
    client.resetAndDestroy();
    await relaying.stop();
    await upstream.stop();
  }
}

/** All that comes until the other side has finished; what goes the other way is left alone. */
async function everything(socket) {
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

const timeout = 10_000;

test('an end is passed on and the way back goes on', { timeout }, async () => {
  const question = Buffer.alloc(700_000, 'regatta');
  const answerAtTheEnd = async (peer) => peer.end(await everything(peer));
  await throughProxy(answerAtTheEnd, async (client) => {
    client.end(question);
    assert.ok((await everything(client)).equals(question));
  });
});

test('a reset is passed on', { timeout }, async () => {
  const resetAtOnce = (peer) => peer.once('data', () => peer.resetAndDestroy());
  await throughProxy(resetAtOnce, async (client) => {
    client.write('x');
    await assert.rejects(once(client, 'end'), { code: 'ECONNRESET' });
  });
});

test("a client's reset is passed on", { timeout }, async () => {
  let howItEnded;
  const watch = (peer) => {
    peer.resume();
    howItEnded = once(peer, 'end');
    peer.write('x');
  };
  await throughProxy(watch, async (client) => {
    await once(client, 'readable');
    client.resetAndDestroy();
    await assert.rejects(howItEnded, { code: 'ECONNRESET' });
  });
});

test('an upstream that is gone resets the client', { timeout }, async () => {
  const gone = await Server.start(echo);
  const { port } = gone;
  await gone.stop();
  const relaying = await Server.start(forwarderTo(port));
  const client = await connect(relaying.port);
  client.resume();
  try {
    await assert.rejects(once(client, 'end'), { code: 'ECONNRESET' });
  } finally {
    client.destroy();
    await relaying.stop();
  }
});
