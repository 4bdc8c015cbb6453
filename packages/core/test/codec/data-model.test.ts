import { expect } from 'chai';
import fc from 'fast-check';
import { decode, encode } from '../../src/codec/codec.js';
import { copyValue, isPrimitive } from '../../src/codec/data-model.js';
import { StatefulFunctionsError } from '../../src/sdk/errors.js';
import { Failure, modelValue, Point, sameValue } from './model-values.js';

describe('copyValue', () => {
  it('makes an equal value', () => {
    fc.assert(
      fc.property(modelValue, (value) => {
        const copy = copyValue(value);
        expect(sameValue(copy, value)).to.equal(true);
        expect(encode(copy)).to.deep.equal(encode(value));
      }),
      { numRuns: 1_000 },
    );
  });

  it('shares no object with the original', () => {
    fc.assert(
      fc.property(modelValue, (value) => {
        const originals = new Set<object>();
        walk(value, (each) => originals.add(each));
        walk(copyValue(value), (each) => expect(originals.has(each)).to.equal(false));
      }),
    );
    const shared = { n: 1 };
    const copy = copyValue([shared, shared] as const);
    expect(copy).to.deep.equal([{ n: 1 }, { n: 1 }]);
    expect(copy[0]).to.not.equal(copy[1]);
  });

  it('turns a Buffer into a Uint8Array of its own memory', () => {
    const copy = copyValue<Uint8Array>(Buffer.from('abc'));
    expect(Object.getPrototypeOf(copy)).to.equal(Uint8Array.prototype);
    expect(copy.buffer.byteLength).to.equal(3);
  });

  it('reads accessors once, and thaws what is frozen', () => {
    let reads = 0;
    const copy = copyValue({
      get n() {
        reads += 1;
        return reads;
      },
      list: Object.freeze([1]),
    });
    expect(copy).to.deep.equal({ n: 1, list: [1] });
    expect(Object.getOwnPropertyDescriptor(copy, 'n')).to.include({ value: 1, writable: true });
    expect(Object.isFrozen(copy.list)).to.equal(false);
  });

  it('copies fields of serializable classes past their accessors', () => {
    const copy = copyValue(new Point(1, { z: 2 }));
    expect(copy)
      .to.be.instanceOf(Point)
      .and.deep.equal(new Point(1, { z: 2 }));
    expect(copyValue(new Failure('far', 1)))
      .to.be.instanceOf(Failure)
      .and.be.instanceOf(RangeError);
  });

  it('makes errors of unknown classes ones of the built-in class they extend', () => {
    class HttpError extends TypeError {
      override name = 'HttpError';
      code = 'E_HTTP';
      socket = () => {};
    }
    const thrown = new HttpError('no route', { cause: new DOMException('gone', 'AbortError') });
    for (const copy of [copyValue<Error>(thrown), decode(encode(thrown)) as Error]) {
      expect(Object.getPrototypeOf(copy)).to.equal(TypeError.prototype);
      expect(copy).to.include({ name: 'HttpError', message: 'no route', code: 'E_HTTP', stack: thrown.stack });
      expect(copy).to.not.have.property('socket');
      expect(copy.cause).to.be.instanceOf(Error).and.include({ name: 'AbortError', message: 'gone' });
    }
  });

  it('keeps nesting up to 500 levels', () => {
    for (const wrap of [(v: unknown) => ({ v }), (v: unknown) => new Map([[1, v]]), (v: unknown) => new Point(v, 0)]) {
      let value: unknown = 'bottom';
      for (let level = 0; level < 500; level += 1) value = wrap(value);
      expect(sameValue(decode(encode(value)), value)).to.equal(true);
      expect(refusal(wrap(value))).to.match(/^message is nested deeper than 500 levels\./);
    }
  });

  it('names what it refuses by its path, and says the fix', () => {
    const cyclic: Record<string, unknown> = { list: [{}] };
    cyclic.list = [{ back: cyclic }];
    const detached = new ArrayBuffer(8);
    structuredClone(detached, { transfer: [detached] });
    const refused: [value: unknown, refusal: string][] = [
      [() => {}, 'message is a function'],
      [{ items: [1, 2, 3, { onClick: () => {} }] }, 'message.items[3].onClick is a function'],
      [{ 'a b': Symbol('x') }, 'message["a b"] is a symbol'],
      [new Map([['eur', new WeakMap()]]), 'message.get("eur") is an object of a class'],
      [new Set([Promise.resolve()]), 'message[0] is a promise'],
      [{ at: /x/ }, 'message.at is an object of a class'],
      [new (class Unmarked extends Point {})(1, 2), 'message is an object of a class'],
      [new (class Table extends Map {})(), 'message is an object of a class'],
      [Object.create(Map.prototype), 'message is an object of a class'],
      [new Point(new Point(() => {}, 0), 0), 'message.x.x is a function'],
      [new Error('x', { cause: { f() {} } }), 'message.cause.f is a function'],
      [{ row: Object.assign([1], { 2: 3 }) }, 'message.row[1] is a hole'],
      [cyclic, 'message.list[0].back is a reference back to message.'],
      [{ bytes: detached }, 'message.bytes is binary whose buffer was transferred'],
    ];
    for (const [value, expected] of refused) {
      expect(refusal(value).startsWith(expected), `${refusal(value)} starts with ${expected}`).to.equal(true);
      expect(refusal(value)).to.match(/\. [A-Z].*\.$/);
    }
    expect(() => copyValue({ a: () => {} }, 'state cart')).to.throw('state cart.a is a function');
  });

  it('is not confused by a polluted Object.prototype', () => {
    Object.defineProperty(Object.prototype, 'polluted', { value: () => {}, enumerable: true, configurable: true });
    let decoded: unknown;
    try {
      decoded = decode(encode({ a: 1 }));
    } finally {
      Reflect.deleteProperty(Object.prototype, 'polluted');
    }
    expect(decoded).to.deep.equal({ a: 1 });
  });
});

describe('isPrimitive', () => {
  it('tells what needs no copy', () => {
    for (const value of [null, undefined, true, 0, 0n, '']) expect(isPrimitive(value)).to.equal(true);
    for (const value of [{}, [], () => {}, Symbol('x')]) expect(isPrimitive(value)).to.equal(false);
  });
});

/** What `copyValue` says of a value that it must refuse. */
function refusal(value: unknown): string {
  try {
    copyValue(value);
  } catch (error) {
    if (error instanceof StatefulFunctionsError && error.code === 'SF_UNSUPPORTED_VALUE') {
      return error.message.slice('SF_UNSUPPORTED_VALUE: '.length);
    }
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Visits each object that a value owns; function types are shared by all addresses of that type. */
function walk(value: unknown, visit: (each: object) => void): void {
  if (typeof value !== 'object' || value === null) return;
  visit(value);
  if (ArrayBuffer.isView(value)) {
    visit(value.buffer);
    return;
  }
  const parts = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : [];
  for (const key of Object.getOwnPropertyNames(value)) if (key !== 'type') parts.push(Reflect.get(value, key));
  for (const part of parts) walk(part, visit);
}
