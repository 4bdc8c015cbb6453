import { Address, type AnyAddress } from '../sdk/address.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { CancellationToken, ReplyHandle } from '../sdk/reply.js';
import { serializableName } from '../sdk/serializable.js';

/** How deep a value may be nested. */
export const maxDepth = 500;

export type TypedArray =
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** The typed arrays of the data model, by the name of their class. */
export const typedArrayClasses = {
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  BigUint64Array,
  BigInt64Array,
  Float32Array,
  Float64Array,
} as const;

/** The error classes that keep their class; any other error becomes a plain Error with its name. */
export const errorClasses: Readonly<Record<string, ErrorConstructor>> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** Where in a value we are, for messages about it: built only when it is needed. */
export interface Path {
  readonly parent: Path | undefined;
  readonly step: string;
  readonly holder: object;
}

/**
 * A deep copy of a value of the data model: what a receiver, near or far, will see of it.
 *
 * The data model: undefined, null, booleans, numbers, bigints, strings, Date, Map, Set, arrays, plain objects, binary, Error,
 * Address, CancellationToken, ReplyHandle, and instances of `@Serializable` classes. A value that is reached twice is copied
 * twice.
 *
 * Flat objects, which most messages are, are copied by one spread: two or three times as fast as key by key.
 *
 * @throws SF_UNSUPPORTED_VALUE naming the path to what cannot be copied.
 */
export function copyValue<T>(value: T): T {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'function' || typeof value === 'symbol') throw unsupported(value, undefined);
    return value;
  }
  return copyObject(value, undefined, 0) as T;
}

function copyAny(value: unknown, parent: Path | undefined, step: string, holder: object, depth: number): unknown {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'function' || typeof value === 'symbol') throw unsupported(value, { parent, step, holder });
    return value;
  }
  return copyObject(value, { parent, step, holder }, depth + 1);
}

function copyObject(value: object, path: Path | undefined, depth: number): object {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return copyPlain(value as Record<string, unknown>, path, depth);
  guard(value, path, depth);
  if (Array.isArray(value)) return copyArray(value, path, depth);
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    for (const [key, item] of value) {
      copy.set(copyAny(key, path, `{key ${String(key)}}`, value, depth), copyAny(item, path, `{${describeKey(key)}}`, value, depth));
    }
    return copy;
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>();
    for (const item of value) copy.add(copyAny(item, path, '{item}', value, depth));
    return copy;
  }
  if (value instanceof Date) return new Date(value.getTime());
  if (ArrayBuffer.isView(value)) return copyView(value, path);
  if (value instanceof ArrayBuffer) return value.slice(0);
  if (value instanceof Error) return copyError(value, path, depth);
  if (value instanceof Address || value instanceof CancellationToken || value instanceof ReplyHandle) return value;
  if (serializableName(value.constructor) !== undefined) {
    const copy: object = Object.create(prototype as object);
    copyFields(value as Record<string, unknown>, copy, path, depth);
    return copy;
  }
  throw unsupported(value, path);
}

function copyPlain(value: Record<string, unknown>, path: Path | undefined, depth: number): object {
  const copy: Record<string, unknown> = { ...value };
  let isChecked = false;
  for (const key in copy) {
    const item = copy[key];
    if (typeof item !== 'object' || item === null) {
      if (typeof item === 'function' || typeof item === 'symbol') throw unsupported(item, { parent: path, step: `.${key}`, holder: value });
      continue;
    }
    if (!isChecked) {
      guard(value, path, depth);
      isChecked = true;
    }
    const copied = copyAny(item, path, `.${key}`, value, depth);
    if (key === '__proto__') define(copy, key, copied);
    else copy[key] = copied;
  }
  if (Object.getOwnPropertySymbols(copy).length > 0) throw unsupported(Object.getOwnPropertySymbols(copy)[0], path);
  return copy;
}

function copyFields(value: Record<string, unknown>, copy: object, path: Path | undefined, depth: number): void {
  for (const key of Object.keys(value)) define(copy, key, copyAny(value[key], path, `.${key}`, value, depth));
}

function copyArray(value: unknown[], path: Path | undefined, depth: number): unknown[] {
  const copy = new Array(value.length);
  for (let index = 0; index < value.length; index += 1) {
    if (!(index in value)) throw unsupported(undefined, { parent: path, step: `[${index}]`, holder: value }, 'a hole in an array');
    copy[index] = copyAny(value[index], path, `[${index}]`, value, depth);
  }
  return copy;
}

/** A view on shared or larger memory becomes one on memory of its own. A Buffer becomes a Uint8Array. */
function copyView(view: ArrayBufferView, path: Path | undefined): ArrayBufferView {
  const bytes = new Uint8Array(view.byteLength);
  bytes.set(new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength));
  if (view instanceof DataView) return new DataView(bytes.buffer);
  if (Buffer.isBuffer(view)) return bytes;
  const Class = typedArrayClasses[view.constructor.name as keyof typeof typedArrayClasses];
  if (Class === undefined) throw unsupported(view, path);
  return new Class(bytes.buffer);
}

function copyError(error: Error, path: Path | undefined, depth: number): Error {
  const parts = errorParts(error);
  const cause = parts.cause === undefined ? undefined : copyAny(parts.cause, path, '.cause', error, depth);
  return makeError({ ...parts, cause });
}

/** What of an error is data. */
export interface ErrorParts {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | number | undefined;
  readonly cause: unknown;
}

export function errorParts(error: Error): ErrorParts {
  const { code } = error as { code?: unknown };
  return {
    name: String(error.name),
    message: String(error.message),
    stack: typeof error.stack === 'string' ? error.stack : undefined,
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    cause: error.cause,
  };
}

export function makeError({ name, message, stack, code, cause }: ErrorParts): Error {
  const Class = Object.hasOwn(errorClasses, name) ? (errorClasses[name] as ErrorConstructor) : Error;
  const error = cause === undefined ? new Class(message) : new Class(message, { cause });
  if (error.name !== name) define(error, 'name', name, false);
  define(error, 'stack', stack, false);
  if (code !== undefined) define(error, 'code', code);
  return error;
}

/** Sets an own property, also one called `__proto__`. */
export function define(target: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}

/** Refuses what is too deep, or contains itself. */
export function guard(value: object, path: Path | undefined, depth: number): void {
  if (depth > maxDepth) throw unsupported(value, path, `more than ${maxDepth} levels of nesting`);
  for (let at = path; at !== undefined; at = at.parent) {
    if (at.holder === value) throw unsupported(value, path, 'a cycle');
  }
}

/** @returns the error for a value that is not of the data model. */
export function unsupported(value: unknown, path: Path | undefined, what = describe(value)): StatefulFunctionsError {
  let text = '';
  let steps = 0;
  for (let at = path; at !== undefined && steps < 20; at = at.parent) {
    text = at.step + text;
    steps += 1;
  }
  return new StatefulFunctionsError(
    'SF_UNSUPPORTED_VALUE',
    `value${text} is ${what}, which cannot be sent or stored. Use plain data, or mark its class @Serializable.`,
  );
}

function describe(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  const name = (value as object | undefined)?.constructor?.name;
  return name === undefined ? 'an object without a class' : `an instance of ${name}`;
}

function describeKey(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : typeof key === 'object' ? 'object' : String(key);
}

/** An address whose type is known by name only. */
export function isAddress(value: unknown): value is AnyAddress {
  return value instanceof Address;
}
