import { addExtension, Packr } from 'msgpackr';
import { Address } from '../sdk/address.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { FunctionType } from '../sdk/function-type.js';
import { CancellationToken, ReplyHandle, type ReplyTarget } from '../sdk/reply.js';
import { serializableClass, serializableName } from '../sdk/serializable.js';
import {
  define,
  type ErrorParts,
  errorParts,
  guard,
  makeError,
  type Path,
  typedArrayClasses,
  unsupported,
} from './data-model.js';

/**
 * What MessagePack has no form for, as an extension: a tag and what it takes to make the value again.
 *
 * Tags are stored: they never change their meaning.
 */
class Tagged {
  constructor(
    readonly tag: number,
    readonly payload: unknown,
  ) {}
}

const tags = {
  negativeZero: 0,
  text: 1,
  bigint: 2,
  object: 3,
  map: 4,
  set: 5,
  date: 6,
  bytes: 7,
  typedArray: 8,
  arrayBuffer: 9,
  dataView: 10,
  error: 11,
  address: 12,
  token: 13,
  replyHandle: 14,
  instance: 15,
} as const;

const packr = new Packr({ useRecords: false, variableMapSize: true });

const extension = {
  Class: Tagged,
  type: 1,
  write: ({ tag, payload }: Tagged) => [tag, payload],
  read: (data: [number, unknown]) => revive(data),
};
// The typings leave out the form that writes and reads a value instead of bytes.
addExtension(extension as never);

/**
 * Encodes a value of the data model as MessagePack. The same value gives the same bytes.
 *
 * @throws SF_UNSUPPORTED_VALUE naming the path to what cannot be encoded.
 */
export function encode(value: unknown): Uint8Array {
  // A copy: msgpackr hands out views of a pool, and a small one would keep all of it alive.
  return Uint8Array.prototype.slice.call(packr.pack(normalize(value, undefined, 0)));
}

/**
 * Decodes what `encode` made. The result shares no memory with `bytes`.
 *
 * @throws SF_DAMAGED if the bytes are not what `encode` makes; SF_SERIALIZABLE if a class is not known here.
 */
export function decode(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes);
  } catch (cause) {
    if (cause instanceof StatefulFunctionsError) throw cause;
    const message = `encoded bytes are damaged: ${(cause as Error).message}. Restore them from a copy.`;
    throw new StatefulFunctionsError('SF_DAMAGED', message, { cause });
  }
}

/** The value as msgpackr can write it without loss: itself where it can, with parts replaced by `Tagged` where it cannot. */
function normalize(value: unknown, path: Path | undefined, depth: number): unknown {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? new Tagged(tags.negativeZero, null) : value;
    case 'string':
      return value.isWellFormed() ? value : new Tagged(tags.text, Buffer.from(value, 'utf16le'));
    case 'bigint':
      return new Tagged(tags.bigint, value.toString());
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      return value === null ? null : normalizeObject(value, path, depth);
    default:
      throw unsupported(value, path);
  }
}

function normalizeObject(value: object, path: Path | undefined, depth: number): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  guard(value, path, depth);
  const part = (item: unknown, step: string) => normalize(item, { parent: path, step, holder: value }, depth + 1);
  if (prototype === Object.prototype || prototype === null) return normalizePlain(value as Record<string, unknown>, path, part);
  if (Array.isArray(value)) return normalizeArray(value, path, part);
  if (value instanceof Map) {
    const flat: unknown[] = [];
    for (const [key, item] of value) flat.push(part(key, '{key}'), part(item, `{${String(key)}}`));
    return new Tagged(tags.map, flat);
  }
  if (value instanceof Set) return new Tagged(tags.set, Array.from(value, (item) => part(item, '{item}')));
  if (value instanceof Date) return new Tagged(tags.date, value.getTime());
  if (ArrayBuffer.isView(value)) return normalizeView(value, path);
  if (value instanceof ArrayBuffer) return new Tagged(tags.arrayBuffer, new Uint8Array(value));
  if (value instanceof Error) {
    const { name, message, stack, code, cause } = errorParts(value);
    return new Tagged(tags.error, [part(name, '.name'), part(message, '.message'), part(stack, '.stack'), part(code, '.code'), part(cause, '.cause')]);
  }
  if (value instanceof Address) return new Tagged(tags.address, [value.type.name, value.id]);
  if (value instanceof CancellationToken) return new Tagged(tags.token, [value.timerId, value.dueMs]);
  if (value instanceof ReplyHandle) return new Tagged(tags.replyHandle, part(value.target, '.target'));
  const name = serializableName(value.constructor);
  if (name !== undefined) return new Tagged(tags.instance, [name, ...flatten(value as Record<string, unknown>, part)]);
  throw unsupported(value, path);
}

type Part = (item: unknown, step: string) => unknown;

function normalizePlain(value: Record<string, unknown>, path: Path | undefined, part: Part): unknown {
  let copy: Record<string, unknown> | undefined = Object.getPrototypeOf(value) === null ? { ...value } : undefined;
  for (const key of Object.keys(value)) {
    // Keys that msgpackr takes for something else, or cannot write: the pairs are listed instead.
    if (key === '__proto__' || key === 'constructor' || key === 'toJSON' || !key.isWellFormed()) return new Tagged(tags.object, flatten(value, part));
    const item = value[key];
    const normal = part(item, `.${key}`);
    if (normal === item && copy === undefined) continue;
    copy ??= { ...value };
    copy[key] = normal;
  }
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length > 0) throw unsupported(symbols[0], path);
  return copy ?? value;
}

function flatten(value: Record<string, unknown>, part: Part): unknown[] {
  const flat: unknown[] = [];
  for (const key of Object.keys(value)) flat.push(part(key, '{key}'), part(value[key], `.${key}`));
  return flat;
}

function normalizeArray(value: unknown[], path: Path | undefined, part: Part): unknown[] {
  let copy: unknown[] | undefined = value.constructor === Array ? undefined : Array.from(value);
  for (let index = 0; index < value.length; index += 1) {
    if (!(index in value)) throw unsupported(undefined, { parent: path, step: `[${index}]`, holder: value }, 'a hole in an array');
    const item = value[index];
    const normal = part(item, `[${index}]`);
    if (normal === item) continue;
    copy ??= value.slice();
    copy[index] = normal;
  }
  return copy ?? value;
}

function normalizeView(view: ArrayBufferView, path: Path | undefined): Tagged {
  const bytes = new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
  if (view instanceof DataView) return new Tagged(tags.dataView, bytes);
  if (Buffer.isBuffer(view) || view.constructor === Uint8Array) return new Tagged(tags.bytes, bytes);
  const { name } = view.constructor;
  if (!Object.hasOwn(typedArrayClasses, name)) throw unsupported(view, path);
  return new Tagged(tags.typedArray, [name, bytes]);
}

/** The value that a tag and its payload stand for. Makes nothing but values of the data model, whatever the bytes say. */
function revive([tag, payload]: [number, unknown]): unknown {
  switch (tag) {
    case tags.negativeZero:
      return -0;
    case tags.text:
      return Buffer.from(payload as Uint8Array).toString('utf16le');
    case tags.bigint:
      return BigInt(payload as string);
    case tags.object:
      return unflatten({}, payload as unknown[], 0);
    case tags.map:
      return reviveMap(payload as unknown[]);
    case tags.set:
      return new Set(payload as unknown[]);
    case tags.date:
      return new Date(payload as number);
    case tags.bytes:
      return ownBytes(payload);
    case tags.typedArray:
      return reviveTypedArray(payload as [string, Uint8Array]);
    case tags.arrayBuffer:
      return ownBytes(payload).buffer;
    case tags.dataView:
      return new DataView(ownBytes(payload).buffer);
    case tags.error:
      return reviveError(payload as unknown[]);
    case tags.address:
      return reviveAddress(payload as [string, string]);
    case tags.token: {
      const [timerId, dueMs] = payload as [string, number];
      return new CancellationToken(timerId, dueMs);
    }
    case tags.replyHandle:
      return new ReplyHandle(payload as ReplyTarget);
    case tags.instance: {
      const [name, ...flat] = payload as [string, ...unknown[]];
      return unflatten(Object.create(serializableClass(name).prototype as object) as object, flat, 0);
    }
    default:
      throw new Error(`unknown tag ${tag}`);
  }
}

function unflatten(target: object, flat: unknown[], from: number): object {
  for (let at = from; at < flat.length; at += 2) define(target, flat[at] as string, flat[at + 1]);
  return target;
}

function reviveMap(flat: unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let at = 0; at < flat.length; at += 2) map.set(flat[at], flat[at + 1]);
  return map;
}

function reviveTypedArray([name, bytes]: [string, Uint8Array]): unknown {
  if (!Object.hasOwn(typedArrayClasses, name)) throw new Error(`unknown typed array ${name}`);
  return new typedArrayClasses[name as keyof typeof typedArrayClasses](ownBytes(bytes).buffer);
}

function reviveError([name, message, stack, code, cause]: unknown[]): Error {
  return makeError({ name, message, stack, code, cause } as ErrorParts);
}

/** Types are few and addresses many: each name's type is made once. */
const types = new Map<string, FunctionType<never>>();
const maxTypes = 10_000;

function reviveAddress([name, id]: [string, string]): Address {
  let type = types.get(name);
  if (type === undefined) {
    type = FunctionType.of<never>(name as `${string}/${string}`);
    if (types.size < maxTypes) types.set(name, type);
  }
  return type.at(id);
}

function ownBytes(bytes: unknown): Uint8Array<ArrayBuffer> {
  if (!(bytes instanceof Uint8Array)) throw new Error('bytes expected');
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  return own;
}
