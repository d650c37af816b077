import assert from 'node:assert/strict';
import { test } from 'node:test';

import { choice, defaults, number, read } from '../src/parameters.js';

const declared = { size: number(1), style: choice('join', 'spawn') };

test('they are read from numbers and from texts', () => {
  assert.deepEqual(read(declared, { size: '12' }), { size: 12, style: 'join' });
  assert.deepEqual(read(declared, { style: 'spawn', size: 0 }), { size: 0, style: 'spawn' });
});

test('defaults are in their order', () => {
  assert.equal(JSON.stringify(defaults(declared)), '{"size":1,"style":"join"}');
});

test('wrong ones are explained', () => {
  for (const [given, sentence] of [
    [{ siz: 1 }, /there is no parameter 'siz'; there are: size, style/],
    [{ toString: 1 }, /there is no parameter 'toString'/],
    [{ size: 'x' }, /size must be a whole number up to 9007199254740991, but it is 'x'/],
    [{ size: '' }, /size must be a whole number/],
    [{ size: 2 ** 53 }, /size must be a whole number/],
    [{ style: 'jion' }, /style must be one of join spawn, but it is 'jion'/],
  ]) {
    assert.throws(() => read(declared, given), sentence);
  }
});
