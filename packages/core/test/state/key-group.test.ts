import { expect } from 'chai';
import { keyGroupHash, keyGroupOf } from '../../src/state/key-group.js';

describe('keyGroupOf', () => {
  it('is xxHash32 of the id in UTF-8, modulo the number of key groups', () => {
    expect(keyGroupHash).to.equal('xxh32');
    const hashes: Record<string, number> = {
      '': 0x02cc5d05,
      a: 0x550d7456,
      abc: 0x32d153ff,
      'user/42': 3401468577,
      'é€😀': 1850554848,
      'Nobody inspects the spammish repetition': 0xe2293b2f,
    };
    for (const [id, hash] of Object.entries(hashes)) {
      expect(keyGroupOf(id, 2 ** 32), id).to.equal(hash);
      expect(keyGroupOf(id, 1024), id).to.equal(hash % 1024);
    }
  });

  it('deals ids out evenly', () => {
    const counts = new Array<number>(64).fill(0);
    for (let id = 0; id < 64_000; id += 1) {
      const group = keyGroupOf(`user-${id}`, 64);
      counts[group] = (counts[group] as number) + 1;
    }
    expect(Math.min(...counts)).to.be.greaterThan(800);
    expect(Math.max(...counts)).to.be.lessThan(1200);
  });
});
