import { expect } from 'chai';
import fc from 'fast-check';
import xxhash from 'xxhash-wasm';
import { xxh32OfBytes, xxh32OfText } from '../../src/state/xxh32.js';

const { h32, h32Raw } = await xxhash();

describe('xxh32', () => {
  it('hashes texts as the library does', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 80 }),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(xxh32OfText(text)).to.equal(h32(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('hashes bytes as the library does, up to the length it is given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(80), (bytes, cut) => {
        const length = Math.min(cut, bytes.length);
        expect(xxh32OfBytes(bytes, length)).to.equal(h32Raw(bytes.subarray(0, length)));
      }),
      { numRuns: 2_000 },
    );
  });
});
