import { expect } from 'chai';
import fc from 'fast-check';
import { AddressPattern } from '../../src/checkpoint/address-pattern.js';
import { StatefulFunctionsError } from '../../src/sdk/errors.js';

describe('AddressPattern', () => {
  const matches = (pattern: string, type: string, id: string) => AddressPattern.parse(pattern).matches(type, id);

  it('matches a type and an id, with a star for any characters', () => {
    expect(matches('ride/driver/7', 'ride/driver', '7')).to.equal(true);
    expect(matches('ride/driver/7', 'ride/driver', '77')).to.equal(false);
    expect(matches('ride/driver/*', 'ride/driver', 'a/b\nc')).to.equal(true);
    expect(matches('ride/*/7', 'ride/driver', '7')).to.equal(true);
    expect(matches('*/driv*/u-*-x', 'ride/driver', 'u-1-x')).to.equal(true);
    expect(matches('*/*/*', 'ride/driver', '😀')).to.equal(true);
  });

  it('takes the id as all that is behind the second slash', () => {
    expect(matches('ride/driver/a/b', 'ride/driver', 'a/b')).to.equal(true);
    expect(matches('ride/*/7', 'ride/driver', 'x/7')).to.equal(false);
  });

  it('takes characters as they are, whatever they mean elsewhere', () => {
    for (const id of ['a.b', '.*', '[x]', '(', '$^', '?']) {
      expect(matches(`t/t/${id.replaceAll('*', '\\*')}`, 't/t', id), id).to.equal(true);
    }
    expect(matches('t/t/a.b', 't/t', 'axb')).to.equal(false);
    expect(matches('t/t/\\*', 't/t', 'x')).to.equal(false);
    expect(matches('t/t/\\u{0}\\u{1F600}', 't/t', '\u0000😀')).to.equal(true);
  });

  it('matches exactly the address that it was quoted from', () => {
    const id = fc.string({
      unit: fc.oneof(
        fc.constantFrom('*', '\\', '/', 'u', '{', '}', '\u0000', '\n', '😀'),
        fc.string({ minLength: 1, maxLength: 1 }),
      ),
      minLength: 1,
    });
    fc.assert(
      fc.property(id, id, (one, other) => {
        const pattern = AddressPattern.quote('ns/name', one);
        expect(matches(pattern, 'ns/name', one)).to.equal(true);
        expect(matches(pattern, 'ns/name', other)).to.equal(one === other);
        expect([...AddressPattern.parse(pattern).ranges(16)]).to.have.length(1);
        expect(pattern).to.match(/^[^\p{Cc}]*$/u);
      }),
    );
  });

  it('refuses what names no address', () => {
    for (const pattern of [
      '',
      'a',
      'a/b',
      'a/*',
      'a/b/',
      '/b/c',
      'a//c',
      'a/b/\\',
      'a/b/\\u{110000}',
      'a/b/\\u{d800}',
    ]) {
      expect(() => AddressPattern.parse(pattern), pattern).to.throw(StatefulFunctionsError, /^SF_INVALID_NAME: .*\\\*/);
    }
  });
});
