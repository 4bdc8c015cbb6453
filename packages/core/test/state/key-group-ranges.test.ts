import { expect } from 'chai';
import fc from 'fast-check';
import { decode, encode } from '../../src/codec/codec.js';
import { type KeyGroupRange, KeyGroupRanges } from '../../src/state/key-group-ranges.js';
import { refuses } from '../sdk/refuses.js';

const keyGroups = 24;
const someGroups = fc.uniqueArray(fc.nat({ max: keyGroups - 1 }));

function of(groups: Iterable<number>): KeyGroupRanges {
  return KeyGroupRanges.of([...groups].map((group) => [group, group + 1]));
}

describe('KeyGroupRanges', () => {
  it('are the set that they were made of', () => {
    fc.assert(
      fc.property(someGroups, (groups) => {
        const ranges = of(groups);
        const ascending = [...groups].sort((a, b) => a - b);
        expect(ranges.size).to.equal(groups.length);
        expect([...ranges.keyGroups()]).to.deep.equal(ascending);
        for (let group = -1; group <= keyGroups; group += 1) {
          expect(ranges.contains(group), `${group}`).to.equal(groups.includes(group));
        }
      }),
    );
  });

  it('join ranges that touch, whatever their order, so that equal sets look the same', () => {
    const ranges = KeyGroupRanges.of([
      [6, 8],
      [0, 2],
      [4, 6],
      [2, 3],
    ]);
    expect([...ranges]).to.deep.equal([
      [0, 3],
      [4, 8],
    ]);
    expect(`${ranges}`).to.equal('0–2, 4–7');
    expect(ranges.equals(of([7, 6, 5, 4, 2, 1, 0]))).to.equal(true);
    expect(ranges.equals(of([7, 6, 5, 4, 2, 1]))).to.equal(false);
    expect(ranges.equals(of([7, 6, 5, 4, 2, 1, 0, 9]))).to.equal(false);
  });

  it('unite and overlap as sets do', () => {
    fc.assert(
      fc.property(someGroups, someGroups, (left, right) => {
        const union = of(left).union(of(right));
        expect(union.equals(of(new Set([...left, ...right])))).to.equal(true);
        expect(of(left).overlaps(of(right))).to.equal(left.some((group) => right.includes(group)));
      }),
    );
  });

  it('come back equal from plain data and over the wire', () => {
    fc.assert(
      fc.property(someGroups, (groups) => {
        const ranges = of(groups);
        const received = decode(encode(ranges.toData())) as KeyGroupRange[];
        expect(KeyGroupRanges.of(received).equals(ranges)).to.equal(true);
      }),
    );
  });

  it('know none and all', () => {
    expect(KeyGroupRanges.none.size).to.equal(0);
    expect(KeyGroupRanges.none.contains(0)).to.equal(false);
    expect(`${KeyGroupRanges.none}`).to.equal('none');
    expect([...KeyGroupRanges.all(1_024)]).to.deep.equal([[0, 1_024]]);
  });

  it('refuse ranges that overlap, are empty or are not of KeyGroups', () => {
    const bad: KeyGroupRange[][] = [
      [
        [0, 3],
        [2, 4],
      ],
      [
        [0, 9],
        [1, 2],
      ],
      [
        [5, 6],
        [5, 6],
      ],
      [[3, 3]],
      [[4, 3]],
      [[-1, 3]],
      [[0.5, 3]],
      [[0, Number.NaN]],
    ];
    for (const ranges of bad) refuses('SF_BROKEN_INVARIANT', () => KeyGroupRanges.of(ranges));
  });
});
