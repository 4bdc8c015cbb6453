import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { frame, unframe } from '../../src/checkpoint/frame.js';
import { StatefulFunctionsError } from '../../src/sdk/errors.js';

describe('frame', () => {
  const payload = Uint8Array.from([1, 2, 3, 250]);

  function codeOf(bytes: Uint8Array): string {
    try {
      unframe('log/7', bytes);
    } catch (error) {
      if (error instanceof StatefulFunctionsError) {
        expect(error.message).to.match(/log\/7 (is damaged at byte \d+|has format)/);
        return error.code;
      }
    }
    return 'no error';
  }

  it('gives back what it wrapped, also out of a larger buffer and when empty', () => {
    expect(unframe('log/7', frame(payload))).to.deep.equal(payload);
    expect(unframe('log/7', frame(new Uint8Array(0)))).to.have.length(0);
    const framed = frame(payload);
    const larger = new Uint8Array(framed.length + 10);
    larger.set(framed, 5);
    expect(unframe('log/7', larger.subarray(5, 5 + framed.length))).to.deep.equal(payload);
  });

  it('reports every flipped bit, every cut and every byte too many', () => {
    const framed = frame(payload);
    for (let at = 0; at < framed.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = framed.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        expect(codeOf(flipped), `bit ${bit} of byte ${at}`).to.equal('SF_DAMAGED');
      }
      expect(codeOf(framed.subarray(0, at)), `cut at ${at}`).to.equal('SF_DAMAGED');
    }
    expect(codeOf(Buffer.concat([framed, Buffer.from([0])]))).to.equal('SF_DAMAGED');
  });

  it('tells a newer version from damage', () => {
    const newer = frame(payload);
    const view = new DataView(newer.buffer);
    view.setUint32(4, 2);
    view.setUint32(12, crc32(newer.subarray(16), crc32(newer.subarray(0, 12))));
    expect(codeOf(newer)).to.equal('SF_INCOMPATIBLE');
  });
});
