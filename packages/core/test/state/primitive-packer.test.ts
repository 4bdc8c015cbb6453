import { expect } from 'chai';
import fc from 'fast-check';
import { decode } from '../../src/codec/codec.js';
import { packPrimitives, packPrimitivesAfter } from '../../src/state/primitive-packer.js';

const primitive = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom(
    0,
    -0,
    127,
    128,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32,
    -1,
    Number.NaN,
    '\ufeffx',
    '\ud800',
    null,
    true,
    false,
  ),
);

describe('packPrimitives', () => {
  it('packs what the codec decodes to the same values, or leaves it to the codec', () => {
    fc.assert(
      fc.property(fc.array(primitive, { maxLength: 15 }), (values) => {
        const packed = packPrimitives(values);
        if (packed === undefined) return;
        const decoded = decode(packed) as unknown[];
        expect(decoded).to.have.length(values.length);
        for (const [index, value] of values.entries()) expect(Object.is(decoded[index], value)).to.equal(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('packs numbers and strings of ordinary records itself', () => {
    expect(packPrimitives([0, 17, 'user-1@example.com', -4.5, true, null])).to.be.instanceOf(Uint8Array);
  });

  it('packs a list behind its first number as the whole list', () => {
    expect(packPrimitivesAfter(300, ['a', 1])).to.deep.equal(packPrimitives([300, 'a', 1]));
  });

  it('leaves to the codec what only that can preserve', () => {
    for (const value of [-0, undefined, 1n, '\ud800', '\ufeffx', {}, new Uint8Array(1)]) {
      expect(packPrimitives([value]), String(value)).to.equal(undefined);
    }
  });

  it('packs strings longer than its first buffer', () => {
    const text = 'ü'.repeat(20_000);
    expect(decode(packPrimitives([text]) as Uint8Array)).to.deep.equal([text]);
  });
});
