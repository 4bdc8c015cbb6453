import { Address } from '../sdk/address.js';
import { CancellationToken, ReplyHandle } from '../sdk/reply.js';
import { serializableByPrototype } from '../sdk/serializable.js';
import { type Binary, binaryKindOf, bytesOf } from './binary.js';
import { errorParts } from './error-value.js';
import { mark } from './message-pack.js';
import { isContractAddress } from './reference.js';
import { Tag } from './tag.js';

type Fields = Record<string, unknown>;

/**
 * Turns a value into its form: what MessagePack keeps as it is, stays; everything else becomes a marked array.
 *
 * Arrays and plain objects are changed in place, so the value must be a copy by `copyValue`, which nobody else has.
 */
export function lower(value: unknown): unknown {
  if (typeof value === 'string') return isKept(value) ? value : lowerText(value);
  if (typeof value === 'number') return lowerNumber(value);
  if (typeof value === 'object') return value === null ? null : lowerObject(value);
  if (typeof value === 'bigint') {
    return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value
      ? value
      : [mark, Tag.bigInt, value.toString(16)];
  }
  return value;
}

function lowerNumber(value: number): unknown {
  if (value === 0) return Object.is(value, -0) ? [mark, Tag.negativeZero] : value;
  return Number.isNaN(value) ? [mark, Tag.notANumber] : value; // A NaN has many bit patterns; one value, one encoding.
}

/** Whether a string comes back whole: UTF-8 loses lone surrogates, and msgpackr without its addon a byte order mark. */
function isKept(text: string): boolean {
  return text.isWellFormed() && text.charCodeAt(0) !== 0xfeff;
}

function lowerText(text: string): unknown {
  return [mark, Tag.text, new Uint8Array(Buffer.from(text, 'utf16le'))];
}

function lowerObject(value: object): unknown {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return lowerFields(value as Fields);
  if (prototype === Array.prototype) return lowerElements(value as unknown[]);
  if (prototype === Uint8Array.prototype) return value;
  if (prototype === null) return [mark, Tag.bare, lowerFields({ ...value })];
  return lowerSpecial(value, prototype);
}

function lowerElements(array: unknown[]): unknown[] {
  for (let index = 0; index < array.length; index += 1) array[index] = lower(array[index]);
  return array;
}

function lowerFields(object: Fields): unknown {
  let keysAreKept = true;
  for (const key in object) {
    const part = object[key];
    const form = lower(part);
    if (form !== part && Object.hasOwn(object, key)) object[key] = form;
    if (key === '__proto__' || !isKept(key)) keysAreKept = false;
  }
  if (keysAreKept) return object;
  const form: unknown[] = [mark, Tag.entries];
  for (const key of Object.keys(object)) form.push(lower(key), object[key]);
  return form;
}

function lowerSpecial(value: object, prototype: object): unknown {
  if (value instanceof Error) {
    const { kind, hidden, shown, className } = errorParts(value);
    return [mark, Tag.error, kind, lowerFields(hidden), lowerFields(shown), className ?? null];
  }
  const name = serializableByPrototype(prototype);
  if (name !== undefined) return [mark, Tag.serializable, name, lowerFields({ ...value })];
  if (value instanceof Date) return [mark, Tag.date, Number.isNaN(value.getTime()) ? null : value.getTime()];
  if (value instanceof Map) {
    const form: unknown[] = [mark, Tag.map];
    for (const [key, part] of value) form.push(lower(key), lower(part));
    return form;
  }
  if (value instanceof Set) {
    const form: unknown[] = [mark, Tag.set];
    for (const part of value) form.push(lower(part));
    return form;
  }
  if (value instanceof Address) {
    return [mark, isContractAddress(value) ? Tag.contractAddress : Tag.address, value.type.name, value.id];
  }
  if (value instanceof CancellationToken) {
    return [mark, Tag.cancellationToken, value.timerId, lower(value.dueMs), lower(value.owner)];
  }
  if (value instanceof ReplyHandle) return [mark, Tag.replyHandle, lower(value.target)];
  return [mark, Tag.binary, binaryKindOf(prototype), bytesOf(value as Binary)];
}
