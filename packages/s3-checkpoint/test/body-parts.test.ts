import { expect } from 'chai';
import fc from 'fast-check';
import { partsOf } from '../src/body-parts.js';

describe('partsOf', () => {
  it('cuts a body into full parts and a rest, whether it comes at once or in pieces', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 50 }), async (body, partBytes) => {
        const whole = Buffer.concat(body);
        for (const given of [new Uint8Array(whole), overwriting(body)]) {
          const parts: Uint8Array[] = [];
          for await (const part of partsOf(given, partBytes)) parts.push(part);
          expect(Buffer.concat(parts)).to.deep.equal(whole);
          const lengths = parts.map(({ byteLength }) => byteLength);
          expect(lengths.slice(0, -1).every((length) => length === partBytes)).to.equal(true);
          expect(lengths.length).to.equal(Math.max(1, Math.ceil(whole.byteLength / partBytes)));
        }
      }),
    );
  });

  it('asks for no more of a body than it needs for the part that is wanted', async () => {
    let asked = 0;
    async function* body() {
      for (;;) {
        asked += 1;
        yield Uint8Array.of(1, 2, 3);
      }
    }
    const parts = partsOf(body(), 5);
    await parts.next();
    expect(asked).to.equal(2);
    await parts.return();
  });
});

/** Spoils each piece when the next is asked for, as a body does that reuses its buffer. */
async function* overwriting(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    const own = piece.slice();
    yield own;
    own.fill(0xee);
  }
}
