import { expect } from 'chai';
import fc from 'fast-check';
import { BloomFilterBuilder, bloomHash, mayContain } from '../../src/state/bloom-filter.js';
import { SegmentWriter } from '../../src/state/segment-writer.js';
import { keyOf, record } from './segments.js';

describe('BloomFilterBuilder', () => {
  it('makes a filter that knows each key, however many there are', () => {
    fc.assert(
      fc.property(fc.nat(12_000), fc.nat(), (count, seed) => {
        const hashes = Array.from({ length: count }, (_, index) => Math.imul(index + seed, 0x9e3779b1) >>> 0);
        const filter = filterOf(hashes).filter;
        expect(hashes.every((hash) => mayContain(filter, hash))).to.equal(true);
      }),
      { numRuns: 20 },
    );
  });

  it('makes a filter that knows few others', () => {
    const hashOf = (number: number) => bloomHash(keyOf(`id-${number}`));
    const { filter } = filterOf(Array.from({ length: 10_000 }, (_, number) => hashOf(number)));
    let wrong = 0;
    for (let number = 10_000; number < 20_000; number += 1) if (mayContain(filter, hashOf(number))) wrong += 1;
    expect(wrong).to.be.lessThan(40);
  });

  it('lets the event loop turn while it builds a large one, and not for a small one', async () => {
    expect(filterOf(new Array(100).fill(1)).slices).to.equal(0);
    expect(filterOf(new Array(100_000).fill(1)).slices).to.be.at.least(20);
    let turns = 0;
    const writer = new SegmentWriter('s');
    for (let number = 10_000; number < 20_000; number += 1) writer.add(record(`id-${number}`, ''));
    await writer.prepareFinish(async () => {
      turns += 1;
    });
    expect(turns).to.be.at.least(2);
    const { ref, chunks } = writer.finish();
    expect(Buffer.concat(chunks)).to.have.lengthOf(ref.length);
  });
});

function filterOf(hashes: readonly number[]): { filter: Uint8Array; slices: number } {
  const builder = new BloomFilterBuilder();
  for (const hash of hashes) builder.add(hash);
  const building = builder.build();
  for (let slices = 0; ; slices += 1) {
    const { done, value } = building.next();
    if (done === true) return { filter: value, slices };
  }
}
