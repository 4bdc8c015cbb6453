import fc from 'fast-check';
import { FunctionType } from '../../src/sdk/function-type.js';
import { CancellationToken, ReplyHandle } from '../../src/sdk/reply.js';
import { Serializable } from '../../src/sdk/serializable.js';

@Serializable('codec-test/point')
export class Point {
  constructor(
    public x: unknown,
    public y: unknown,
  ) {}
}

@Serializable('codec-test/failure')
export class Failure extends RangeError {
  constructor(
    message: string,
    readonly details: unknown,
  ) {
    super(message);
  }
}

const name = fc.constantFrom('ride/driver', 'ride/passenger', 'a/b');
const id = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.isWellFormed());

/** Strings of all lengths that msgpackr treats differently, lone surrogates and byte order marks among them. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.string({ unit: fc.constantFrom('a', 'é', '\ud800', '\udc00', '\ufeff', '😀'), maxLength: 80 }),
  fc.integer({ min: 0, max: 70_000 }).map((length) => 'x'.repeat(length)),
);

const key = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 6 }) },
  text,
  fc.constantFrom('__proto__', 'constructor', 'toJSON', 'hasOwnProperty', 'length', '0', '', '\ud800'),
);

const primitive = fc.oneof(
  fc.constantFrom(null, undefined, true, false, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 32, 2 ** 53),
  fc.integer(),
  fc.double(),
  fc.bigInt(),
  fc.constantFrom(2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n), -(2n ** 63n) - 1n),
  text,
);

const binary = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.uint8Array().map((bytes) => bytes.buffer),
  fc.uint8Array({ minLength: 4 }).map((bytes) => new DataView(bytes.buffer, 1, 2)),
);

const address = fc.oneof(
  fc.tuple(name, id).map(([type, key]) => FunctionType.of<never>(type as 'a/b').at(key)),
  fc.tuple(name, id).map(([type, key]) => FunctionType.contract(type as 'a/b', {}).at(key)),
);

const token = fc
  .tuple(fc.string(), fc.double({ noNaN: true }), address)
  .map(([timer, due, owner]) => new CancellationToken(timer, due, owner));

const handle = fc.oneof(
  fc
    .tuple(address, fc.string(), token)
    .map(([to, operation, timeout]) => new ReplyHandle({ kind: 'function', address: to, operation, timeout })),
  fc
    .tuple(fc.string(), fc.nat(), fc.boolean())
    .map(([client, call, query]) => new ReplyHandle({ kind: 'client', client, call, query, consistency: 'committed' })),
);

const errorClass = fc.constantFrom(Error, TypeError, RangeError, SyntaxError, EvalError, URIError, ReferenceError);

/** Any value of the data model, nested. */
export const modelValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    primitive,
    binary,
    fc.date({ noInvalidDate: false }),
    address,
    token,
    handle,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(key, tie('value'), { maxKeys: 20 }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 5 }).map((values) => new Set(values)),
    fc.tuple(tie('value'), tie('value')).map(([x, y]) => new Point(x, y)),
    fc.tuple(fc.string(), tie('value')).map(([message, details]) => new Failure(message, details)),
    fc.tuple(errorClass, text, tie('value')).map(([type, message, cause]) => new type(message, { cause })),
    fc.tuple(errorClass, text, tie('value')).map(([type, message, code]) => Object.assign(new type(message), { code })),
    fc.tuple(text, fc.array(tie('value'))).map(([message, errors]) => new AggregateError(errors, message)),
  ),
})).value;

/**
 * Whether two values are the same in all that the data model keeps: types, prototypes, properties, and the order of
 * keys and entries. Unlike Node's own comparison it finds invalid dates equal, and sees order.
 */
export function sameValue(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date) return Object.is(a.getTime(), Number(b));
  if (a instanceof ArrayBuffer || ArrayBuffer.isView(a))
    return Buffer.compare(bytesIn(a), bytesIn(b as typeof a)) === 0;
  if (a instanceof Map || a instanceof Set) return sameValue([...a], [...(b as typeof a)]);
  const keys = Object.getOwnPropertyNames(a);
  if (a instanceof Error) keys.sort(); // The engine orders those of an error as it likes.
  const others = Object.getOwnPropertyNames(b);
  if (b instanceof Error) others.sort();
  return keys.length === others.length && keys.every((key, index) => key === others[index] && sameProperty(a, b, key));
}

function sameProperty(a: object, b: object, key: string): boolean {
  const isShown = Object.prototype.propertyIsEnumerable;
  return isShown.call(a, key) === isShown.call(b, key) && sameValue(Reflect.get(a, key), Reflect.get(b, key));
}

function bytesIn(binary: ArrayBuffer | ArrayBufferView): Uint8Array {
  return binary instanceof ArrayBuffer
    ? new Uint8Array(binary)
    : new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength);
}
