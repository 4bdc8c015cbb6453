import { expect } from 'chai';
import fc from 'fast-check';
import { decode, decodeForeign, encode } from '../../src/codec/codec.js';
import { copyValue } from '../../src/codec/data-model.js';
import { pack } from '../../src/codec/message-pack.js';
import { StatefulFunctionsError } from '../../src/sdk/errors.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Failure, modelValue, Point, sameValue } from './model-values.js';

describe('codec', () => {
  it('decodes what it encoded to an equal value', () => {
    fc.assert(
      fc.property(modelValue, (value) => {
        const decoded = decode(encode(value));
        expect(sameValue(decoded, value), 'decode(encode(v)) equals v').to.equal(true);
        expect(sameValue(decoded, copyValue(value)), 'decode(encode(v)) equals copyValue(v)').to.equal(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('shows values of classes that a program does not have: their fields, and what they were called', () => {
    const bytes = encode({ at: new Map([['here', new Point(1, 2)]]), failure: new Failure('no room', 7) });
    const { at, failure } = decodeForeign(bytes) as { at: Map<string, object>; failure: Error };
    expect({ ...at.get('here') }).to.deep.equal({ ...new Point(1, 2) });
    expect(at.get('here')).not.to.be.instanceOf(Point);
    expect(String(at.get('here'))).to.equal('[object codec-test/point]');
    expect(failure).to.be.instanceOf(Error).and.not.instanceOf(Failure);
    expect(failure.message).to.equal('no room');
    expect({ ...failure }).to.deep.equal({ ...new Failure('no room', 7) });
  });

  it('makes the same bytes of the same value', () => {
    fc.assert(
      fc.property(modelValue, (value) => {
        const bytes = encode(value);
        expect(encode(value)).to.deep.equal(bytes);
        expect(encode(decode(bytes))).to.deep.equal(bytes);
      }),
    );
    const otherNaN = new Float64Array(new BigUint64Array([0xfff8_0000_0000_0001n]).buffer)[0];
    expect(encode(otherNaN)).to.deep.equal(encode(Number.NaN));
  });

  it('shares no memory between a value, its bytes and what is decoded from them', () => {
    const value = { whole: new Uint8Array([1, 2, 3]), floats: new Float64Array([1.5]) };
    const bytes = encode(value);
    value.whole[0] = 9;
    const decoded = decode(bytes) as typeof value;
    bytes.fill(0);
    expect(decoded).to.deep.equal({ whole: new Uint8Array([1, 2, 3]), floats: new Float64Array([1.5]) });
    expect(decoded.whole.buffer.byteLength).to.equal(3);
    expect(encode('a').buffer.byteLength).to.equal(encode('a').length);
  });

  it('keeps earlier results when it encodes again, large values included', () => {
    const large = { text: 'é'.repeat(2_000_000), rows: Array.from({ length: 70_000 }, (_, row) => ({ row })) };
    const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`key${index}`, index]));
    const first = encode('first');
    const [largeBytes, wideBytes] = [encode(large), encode(wide)];
    expect(sameValue(decode(largeBytes), large)).to.equal(true);
    expect(sameValue(decode(wideBytes), wide)).to.equal(true);
    expect(decode(first)).to.equal('first');
  });

  it('decodes an address whose type is named, contracts included', () => {
    const contract = FunctionType.contract('ride/driver', {});
    const [to, driver] = decode(encode([FunctionType.of('a/b').at('7'), contract.at('8')])) as ReturnType<
      typeof contract.at
    >[];
    expect(`${to} ${driver}`).to.equal('a/b/7 ride/driver/8');
    expect(Object.getPrototypeOf(driver)).to.equal(Object.getPrototypeOf(contract.at('8')));
  });

  it('stores text with a byte order mark apart, since msgpackr drops the mark where its addon is not installed', () => {
    const text = `\ufeff${'x'.repeat(80)}`;
    expect(encode(text).subarray(0, 2)).to.deep.equal(new Uint8Array([0x93, 0xc1]));
    expect(decode(encode({ [text]: text }))).to.deep.equal({ [text]: text });
  });

  it('keeps a __proto__ key a key', () => {
    const value = JSON.parse('{"__proto__":{"admin":true},"a":1}');
    const decoded = decode(encode(value)) as { admin?: boolean };
    expect(Object.keys(decoded)).to.deep.equal(['__proto__', 'a']);
    expect(Object.getPrototypeOf(decoded)).to.equal(Object.prototype);
    expect(decoded.admin).to.equal(undefined);
  });

  it('brings instances of serializable classes back without running their constructor', () => {
    const point = decode(encode(new Point(1, new Point(2, undefined)))) as Point;
    expect(point).to.be.instanceOf(Point);
    expect(point.y).to.be.instanceOf(Point);
    const failure = decode(encode(new Failure('too far', { km: 3 }))) as Failure;
    expect(failure).to.be.instanceOf(Failure);
    expect(failure.message).to.equal('too far');
    expect(failure.details).to.deep.equal({ km: 3 });
  });

  it('refuses a stored class that is not loaded', () => {
    const bytes = Buffer.from(encode(new Point(1, 2)));
    bytes.write('codec-test/paint', bytes.indexOf('codec-test/point'));
    expect(code(() => decode(bytes))).to.equal('SF_SERIALIZABLE');
  });

  it('reports any bytes that it never writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => onlyCodedErrors(bytes)),
      { numRuns: 5_000 },
    );
    fc.assert(
      fc.property(modelValue, fc.nat(), fc.nat({ max: 255 }), (value, at, byte) => {
        const bytes = encode(value);
        bytes[at % bytes.length] = byte;
        onlyCodedErrors(bytes);
        if (bytes.length > 1) expect(code(() => decode(encode(value).subarray(0, -1)))).to.equal('SF_DAMAGED');
      }),
      { numRuns: 1_000 },
    );
  });

  it('runs and makes nothing that msgpackr would for bytes of others', () => {
    const hostile = {
      'a record, whose reader is compiled': [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01],
      'a regular expression': [0xd4, 0x78, 0x00, 0x92, 0xa1, 0x61, 0xa0],
      'an error': [0xd4, 0x65, 0x00, 0x92, 0xa5, ...Buffer.from('Error'), 0xa0],
      'a pointer': [0xd6, 0x70, 0, 0, 0, 1],
      'a timestamp': [0xd6, 0xff, 0, 0, 0, 1],
      'a mark alone': [0xc1],
      'an array longer than its bytes': [0xdd, 0xff, 0xff, 0xff, 0xff, 0x00],
      'text longer than its bytes': [0xdb, 0xff, 0xff, 0xff, 0xff, 0x61],
      'two values': [0x01, 0x02],
      'no value': [],
    };
    for (const [what, bytes] of Object.entries(hostile)) {
      expect(
        code(() => decode(new Uint8Array(bytes))),
        what,
      ).to.equal('SF_DAMAGED');
    }
    expect(code(() => decode(new Uint8Array(1_000_000).fill(0x91)))).to.equal('SF_DAMAGED');
    expect(decode(pack({ a: 1 })), 'works after all of that').to.deep.equal({ a: 1 });
  });
});

/** The code of the error that `action` throws; fails if it throws none, or one without a code. */
function code(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof StatefulFunctionsError) return error.code;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function onlyCodedErrors(bytes: Uint8Array): void {
  try {
    copyValue(decode(bytes));
  } catch (error) {
    if (!(error instanceof StatefulFunctionsError)) throw error;
    expect(error.code).to.be.oneOf(['SF_DAMAGED', 'SF_SERIALIZABLE']);
  }
}
