import { expect } from 'chai';
import fc from 'fast-check';
import { flat } from '../../src/state/flat-text.js';

describe('flat', () => {
  it('gives back any text as it is, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        expect(flat(text)).to.equal(text);
      }),
    );
    for (const text of ['', '\ud800', 'a\udc00b', '\ufeffid', 'é'.repeat(64), '😀'.repeat(40)])
      expect(flat(text)).to.equal(text);
  });
});
