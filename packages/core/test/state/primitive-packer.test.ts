import { expect } from 'chai';
import fc from 'fast-check';
import { decode } from '../../src/codec/codec.js';
import { ByteBuffer } from '../../src/state/byte-buffer.js';
import { packPrimitives } from '../../src/state/primitive-packer.js';

/** What is packed, behind bytes that were there before; `undefined` if it is left to the codec. */
function packed(first: number, ...values: readonly unknown[]): Uint8Array | undefined {
  const buffer = new ByteBuffer(1);
  buffer.reserve(3);
  buffer.length = 3;
  if (packPrimitives(buffer, first, values)) return buffer.copy(3);
  expect(buffer.length).to.equal(3);
  return undefined;
}

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
      fc.property(fc.nat(), fc.array(primitive, { maxLength: 15 }), (first, values) => {
        const bytes = packed(first, ...values);
        if (bytes === undefined) return;
        const decoded = decode(bytes) as unknown[];
        expect(decoded).to.have.length(values.length + 1);
        for (const [index, value] of [first, ...values].entries()) {
          expect(Object.is(decoded[index], value)).to.equal(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('packs numbers and strings of ordinary records itself', () => {
    expect(packed(0, 17, 'user-1@example.com', -4.5, true, null)).to.be.instanceOf(Uint8Array);
  });

  it('leaves to the codec what only that can preserve', () => {
    for (const value of [-0, undefined, 1n, '\ud800', '\ufeffx', {}, new Uint8Array(1)]) {
      expect(packed(0, value), String(value)).to.equal(undefined);
    }
  });

  it('packs strings longer than its first buffer', () => {
    const text = 'ü'.repeat(20_000);
    expect(decode(packed(1, text) as Uint8Array)).to.deep.equal([1, text]);
  });
});
