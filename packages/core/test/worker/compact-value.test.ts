import { expect } from 'chai';
import fc from 'fast-check';
import { copyValue } from '../../src/codec/data-model.js';
import { CompactReader, CompactWriter } from '../../src/worker/compact-value.js';
import { modelValue, sameValue } from '../codec/model-values.js';
import { refuses } from '../sdk/refuses.js';

/** Writes values, as copies: what was sent has been copied. */
function written(values: readonly unknown[], writer = new CompactWriter()): Uint8Array {
  writer.clear();
  for (const value of values) writer.value(copyValue(value));
  return new Uint8Array(writer.bytes);
}

function read(bytes: Uint8Array, count: number): unknown[] {
  const reader = new CompactReader(bytes);
  const values = Array.from({ length: count }, () => reader.value());
  expect(reader.isAtEnd).to.equal(true);
  return values;
}

describe('A compact value', () => {
  it('comes back as what it was, whatever it is and whatever was written before', () => {
    const writer = new CompactWriter();
    fc.assert(
      fc.property(fc.array(modelValue, { maxLength: 8 }), (values) => {
        const back = read(written(values, writer), values.length);
        for (const [at, value] of values.entries()) expect(sameValue(back[at], copyValue(value))).to.equal(true);
      }),
      { numRuns: 400 },
    );
  });

  it('shares nothing with the bytes that it was read from', () => {
    const bytes = written([{ text: 'text', binary: Uint8Array.of(1, 2, 3) }]);
    const [value] = read(bytes, 1);
    bytes.fill(0xff);
    expect(value).to.deep.equal({ text: 'text', binary: Uint8Array.of(1, 2, 3) });
  });

  it('names the keys of objects that look alike once, and tells those apart that do not', () => {
    const alike = Array.from({ length: 100 }, (_, at) => ({ firstName: at, familyName: -at }));
    expect(written(alike).length).to.be.below(alike.length * 10);
    const others = [{ a: 1 }, { a: 1, b: 2 }, { b: 2, a: 1 }, {}, { b: 2 }, { a: 3 }, { a: 4, b: 5, c: 6 }, {}];
    expect(JSON.stringify(read(written(others), others.length))).to.equal(JSON.stringify(others));
  });

  it('takes more shapes, and objects with more keys, than there is room for', () => {
    const shapes = Array.from({ length: 300 }, (_, at) => ({ [`key-${at}`]: at, [`other-${at}`]: at }));
    expect(read(written(shapes), shapes.length)).to.deep.equal(shapes);
    const large = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`key-${at}`, at]));
    expect(read(written([large]), 1)).to.deep.equal([large]);
  });

  it('keeps numbers and texts at every edge', () => {
    const numbers = [0, -0, 127, 128, -1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 0.1, 2 ** 53, Number.NaN];
    const texts = ['', 'a'.repeat(64), 'a'.repeat(65), 'é'.repeat(64), '\ufeffa', '\ud800', '😀'.repeat(40_000)];
    const values = [...numbers, ...texts, 2n ** 70n, [undefined, null], true, false];
    for (const [at, value] of read(written(values), values.length).entries())
      expect(sameValue(value, values[at]), `value ${at}`).to.equal(true);
  });

  it('is not read where bytes are no value, or end too early', () => {
    refuses('SF_DAMAGED', () => new CompactReader(Uint8Array.of(0xff)).value(), 'same program');
    const reader = new CompactReader(written([1_000_000]).subarray(0, 3));
    reader.value();
    refuses('SF_BROKEN_INVARIANT', () => reader.isAtEnd, 'end where they were written to end');
  });
});
