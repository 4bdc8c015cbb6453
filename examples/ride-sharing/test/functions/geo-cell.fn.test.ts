import { FunctionHarness } from '@stateful-functions/core/testing';
import { expect } from 'chai';
import { GeoCellFn } from '../../src/geo-cell.fn.js';

describe('A geo cell', () => {
  it('gives each free driver to one ride, those who wait longest first', async () => {
    const cell = FunctionHarness.of(GeoCellFn);
    for (const id of ['a', 'b', 'c', 'b']) await cell.call('join', id);
    await cell.call('leave', 'a');
    expect(await cell.call('drivers')).to.deep.equal(['b', 'c']);
    expect([await cell.call('find'), await cell.call('find'), await cell.call('find')]).to.deep.equal([
      'b',
      'c',
      undefined,
    ]);
  });
});
