import { expect } from 'chai';
import fc from 'fast-check';
import { pickCompaction } from '../../src/state/compaction.js';
import type { SegmentRef } from '../../src/state/segment.js';

const kib = 1_024;

interface Outcome {
  readonly mostLive: number;
  /** By checkpoints; one below 64 KiB counts as that, since what it costs is a request. */
  readonly written: number;
  readonly rewritten: number;
}

/** Checkpoints of these sizes, with at most one compaction behind each; merging saves nothing beyond `stateBytes`. */
function simulate(sizes: Iterable<number>, stateBytes = Number.POSITIVE_INFINITY): Outcome {
  const live: SegmentRef[] = [];
  let mostLive = 0;
  let written = 0;
  let rewritten = 0;
  for (const length of sizes) {
    live.unshift({ blob: '', length, checksum: 0, entries: 1, types: [] });
    written += Math.max(length, 64 * kib);
    const pick = pickCompaction(live);
    if (pick !== undefined) {
      const inputs = live.slice(pick.from, pick.from + pick.count);
      expect(inputs).to.have.length(pick.count).and.to.have.length.above(1);
      const merged = Math.min(
        stateBytes,
        inputs.reduce((sum, ref) => sum + ref.length, 0),
      );
      rewritten += merged;
      live.splice(pick.from, pick.count, { blob: '', length: merged, checksum: 0, entries: 1, types: [] });
    }
    mostLive = Math.max(mostLive, live.length);
  }
  return { mostLive, written, rewritten };
}

function* sizes(count: number, sizeOf: (at: number) => number): Iterable<number> {
  for (let at = 0; at < count; at += 1) yield Math.max(200, Math.floor(sizeOf(at)));
}

describe('pickCompaction over 10,000 checkpoints', () => {
  /** Numbers in [0, 1) that look random: multiples of the golden ratio. */
  const spread = (at: number) => (at * 0.618_033_988_749_895) % 1;
  const workloads: Record<string, (at: number) => number> = {
    'of one size': () => 300 * kib,
    'so small that a request costs more than the bytes': () => 500,
    'of sizes from 1 KiB to 16 MiB': (at) => kib * 2 ** (spread(at) * 14),
    'small ones with a large one now and then': (at) => (at % 100 === 0 ? 32 * kib * kib : 5 * kib),
    'ever larger': (at) => at * kib,
    'ever smaller': (at) => (10_000 - at) * kib,
    'in a saw-tooth': (at) => (1 + (at % 50)) * 100 * kib,
  };
  for (const [name, sizeOf] of Object.entries(workloads)) {
    it(`keeps segments few and rewrites seldom: ${name}`, () => {
      const grown = simulate(sizes(10_000, sizeOf));
      // Three segments for each doubling from the least size that counts to the size of it all.
      const doublings = Math.log2(Math.max(2, grown.written / (64 * kib)));
      expect(grown.mostLive).to.be.lessThan(3 * doublings + 4);
      expect(grown.rewritten / grown.written).to.be.lessThan(doublings + 4);
      const updated = simulate(sizes(10_000, sizeOf), 64 * kib * kib);
      expect(updated.mostLive).to.be.lessThan(45);
      expect(updated.rewritten / updated.written).to.be.lessThan(16);
    });
  }

  it('leaves nothing to do for ever: repeated without new segments, it ends with few', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2 ** 34 }), { maxLength: 200 }), (lengths) => {
        const live = lengths.map((length) => ({ blob: '', length, checksum: 0, entries: 1, types: [] }));
        const total = lengths.reduce((sum, length) => sum + Math.max(length, 64 * kib), 0);
        for (let pick = pickCompaction(live); pick !== undefined; pick = pickCompaction(live)) {
          const inputs = live.slice(pick.from, pick.from + pick.count);
          const length = inputs.reduce((sum, ref) => sum + ref.length, 0);
          live.splice(pick.from, pick.count, { blob: '', length, checksum: 0, entries: 1, types: [] });
        }
        expect(live.length).to.be.at.most(3 * Math.log2(Math.max(2, total / (64 * kib))) + 4);
      }),
    );
  });
});
