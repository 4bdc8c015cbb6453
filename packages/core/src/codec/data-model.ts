/**
 * The values that messages and state are made of: null, undefined, booleans, numbers, bigints, strings, Date, Map, Set,
 * arrays, plain objects, binary (typed arrays, ArrayBuffer, DataView), Error, Address, CancellationToken, ReplyHandle,
 * and instances of classes marked @Serializable. The codec takes only copies that were made here, so nothing else needs
 * to know what is refused.
 *
 * **Gotchas** A Buffer arrives as a Uint8Array. What is referred to twice arrives as two copies. Named properties put
 * on arrays, dates, maps, sets and binary values are not part of them, nor is anything that is not enumerable.
 */

import { types } from 'node:util';
import { Address, type AnyAddress } from '../sdk/address.js';
import { ContractAddress } from '../sdk/contract.js';
import { CancellationToken, ReplyHandle, type ReplyTarget } from '../sdk/reply.js';
import { serializableByPrototype } from '../sdk/serializable.js';
import { type Binary, binaryFrom, binaryKindOf, bytesOf } from './binary.js';
import { errorParts, makeError } from './error-value.js';
import { isContractAddress, reference } from './reference.js';
import { maxDepth, refuse, refuseDepth, Trail } from './trail.js';

/** A value that is never shared, because it cannot change. */
export type Primitive = null | undefined | boolean | number | bigint | string;

/** Whether a value needs no copy. A symbol does not count: it is not in the data model. */
export function isPrimitive(value: unknown): value is Primitive {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol');
}

/**
 * Copies a value, so that whoever gets the copy shares nothing with whoever made the value.
 *
 * On the path of every message: a flat object costs one clone and one pass over its fields.
 *
 * @param what names the value in errors.
 * @throws SF_UNSUPPORTED_VALUE, naming the path to what is not in the data model.
 */
export function copyValue<T>(value: T, what = 'message'): T {
  return copyPart(value, undefined, what) as T;
}

/**
 * As `copyValue`, for what the runtime puts values into before it stores or sends them: a few levels deeper. So whatever a
 * message may be, it can be on its way, and in a checkpoint.
 */
export function copyWrapped<T>(value: T, what: string): T {
  depthLimit = maxDepth + wrappingDepth;
  try {
    return copyPart(value, undefined, what) as T;
  } finally {
    depthLimit = maxDepth;
  }
}

/** Copies what a field of a message holds, for who copies the message itself. @throws SF_UNSUPPORTED_VALUE */
export function copyField(part: unknown, key: string, message: object): unknown {
  return copyPart(part, new Trail(undefined, 'message', message), key);
}

const wrappingDepth = 16;
let depthLimit = maxDepth;

function copyPart(value: unknown, parent: Trail | undefined, key: unknown): unknown {
  if (typeof value === 'object') return value === null ? null : copyObject(value, parent, key);
  if (typeof value === 'function' || typeof value === 'symbol') return refuseType(value, parent, key);
  return value;
}

function copyObject(value: object, parent: Trail | undefined, key: unknown): object {
  if (parent !== undefined && parent.depth >= depthLimit) refuseDepth(parent);
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return copyPlain(value, parent, key);
  if (prototype === Array.prototype && Array.isArray(value)) return copyArray(value, parent, key);
  return copySpecial(value, prototype, parent, key);
}

/**
 * The clone reads accessors once and keeps an own `__proto__` a plain field; from then on only the clone is looked at.
 * Symbol keys are not data: nobody may rely on them. They are not looked for here, which would double the cost of every
 * message, and `encode` leaves them out.
 */
function copyPlain(value: object, parent: Trail | undefined, key: unknown): object {
  const copy: Record<string, unknown> = { ...value };
  let trail: Trail | undefined;
  for (const field in copy) {
    const part = copy[field];
    // Compared where it is taken: kept in a variable, the engine would make a text of it each time.
    if (typeof part === 'object') {
      if (part === null || !Object.hasOwn(copy, field)) continue;
      trail ??= new Trail(parent, key, value);
      copy[field] = copyObject(part, trail, field);
    } else if (typeof part === 'function' || typeof part === 'symbol') {
      if (Object.hasOwn(copy, field)) refuseType(part, new Trail(parent, key, value), field);
    }
  }
  return copy;
}

/** As `copyPlain`, for objects that have another prototype, or none. */
function copyFields(value: object, prototype: object | null, parent: Trail | undefined, key: unknown): object {
  const copy = { __proto__: prototype, ...value } as unknown as Record<string, unknown>;
  if (Object.getOwnPropertySymbols(copy).length > 0) refuseSymbols(parent, key);
  const trail = new Trail(parent, key, value);
  for (const field of Object.keys(copy)) {
    const part = copy[field];
    if (!isPrimitive(part)) copy[field] = copyPart(part, trail, field);
  }
  return copy;
}

function copyArray(value: readonly unknown[], parent: Trail | undefined, key: unknown): unknown[] {
  const copy: unknown[] = [];
  let trail: Trail | undefined;
  for (let index = 0; index < value.length; index += 1) {
    const part = value[index];
    if (isPrimitive(part)) {
      if (part === undefined && !Object.hasOwn(value, index)) {
        refuse(new Trail(parent, key, value), index, 'a hole in an array', 'Fill it, with undefined for instance.');
      }
      copy.push(part);
    } else {
      trail ??= new Trail(parent, key, value);
      copy.push(copyPart(part, trail, index));
    }
  }
  return copy;
}

function copySpecial(value: object, prototype: object | null, parent: Trail | undefined, key: unknown): object {
  if (prototype === null) return copyFields(value, null, parent, key);
  if (value instanceof Error) return copyError(value, parent, key);
  if (serializableByPrototype(prototype) !== undefined) return copyFields(value, prototype, parent, key);
  switch (prototype) {
    case Date.prototype:
      if (types.isDate(value)) return new Date(value.getTime());
      break;
    case Map.prototype:
      if (types.isMap(value)) return copyMap(value, new Trail(parent, key, value));
      break;
    case Set.prototype:
      if (types.isSet(value)) return copySet(value, new Trail(parent, key, value));
      break;
    case Address.prototype:
    case ContractAddress.prototype:
      return copyAddress(value as AnyAddress);
    case CancellationToken.prototype: {
      const { timerId, dueMs, owner } = value as CancellationToken;
      return new CancellationToken(timerId, dueMs, copyAddress(owner));
    }
    case ReplyHandle.prototype:
      return copyHandle(value as ReplyHandle, new Trail(parent, key, value));
  }
  return copyBinary(value, prototype, parent, key) ?? refuseType(value, parent, key);
}

function copyMap(value: ReadonlyMap<unknown, unknown>, trail: Trail): Map<unknown, unknown> {
  const copy = new Map<unknown, unknown>();
  for (const [key, part] of value) copy.set(copyPart(key, trail, key), copyPart(part, trail, key));
  return copy;
}

function copySet(value: ReadonlySet<unknown>, trail: Trail): Set<unknown> {
  const copy = new Set<unknown>();
  for (const part of value) copy.add(copyPart(part, trail, copy.size));
  return copy;
}

function copyAddress(address: AnyAddress): AnyAddress {
  return reference(address.type.name, address.id, isContractAddress(address));
}

function copyHandle(handle: ReplyHandle, trail: Trail): ReplyHandle {
  return new ReplyHandle(copyPart(handle.target, trail, 'target') as ReplyTarget);
}

function copyError(error: Error, parent: Trail | undefined, key: unknown): Error {
  const { kind, hidden, shown, className } = errorParts(error);
  const prototype: object | undefined = className === undefined ? undefined : Object.getPrototypeOf(error);
  return makeError(kind, fields(hidden), fields(shown), prototype);

  function fields(parts: Record<string, unknown>): Record<string, unknown> {
    const trail = new Trail(parent, key, error);
    for (const field of Object.keys(parts)) parts[field] = copyPart(parts[field], trail, field);
    return parts;
  }
}

function copyBinary(value: object, prototype: object, parent: Trail | undefined, key: unknown): object | undefined {
  try {
    if (prototype === Uint8Array.prototype || prototype === Buffer.prototype) {
      if (types.isUint8Array(value)) return new Uint8Array(value);
    } else {
      const kind = binaryKindOf(prototype);
      if (kind !== undefined && (ArrayBuffer.isView(value) || types.isArrayBuffer(value))) {
        return binaryFrom(kind, bytesOf(value as Binary));
      }
    }
  } catch {
    // Nothing else makes a copy throw.
    refuse(parent, key, 'binary whose buffer was transferred away', 'Copy it before the transfer.');
  }
  return undefined;
}

function refuseSymbols(parent: Trail | undefined, key: unknown): never {
  return refuse(parent, key, 'an object with a symbol for a key', 'Use a string.');
}

function refuseType(value: unknown, parent: Trail | undefined, key: unknown): never {
  if (typeof value === 'function')
    return refuse(parent, key, 'a function', 'Pass data, and keep code in the function class.');
  if (typeof value === 'symbol') return refuse(parent, key, 'a symbol', 'Use a string.');
  if (types.isPromise(value)) return refuse(parent, key, 'a promise', 'Await it first.');
  return refuse(
    parent,
    key,
    'an object of a class that is not in the data model',
    'Mark the class @Serializable, or use a plain object.',
  );
}
