import { Address, type AnyAddress } from '../sdk/address.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { CancellationToken, ReplyHandle, type ReplyTarget } from '../sdk/reply.js';
import { serializableByName } from '../sdk/serializable.js';
import { binaryFrom } from './binary.js';
import { isErrorKind, makeError } from './error-value.js';
import { mark } from './message-pack.js';
import { reference } from './reference.js';
import { Tag } from './tag.js';

type Fields = Record<string, unknown>;

/** The class whose name is stored with a value; it extends `base`, the prototype of errors or that of all objects. */
export type ClassOf = (name: string, base: object) => { readonly prototype: object };

/**
 * Turns a form back into the value it stands for; the opposite of `lower`. Arrays and plain objects change in place.
 *
 * @throws what `classOf` throws; any error if the form stands for nothing.
 */
export function raise(form: unknown, classOf: ClassOf): unknown {
  if (typeof form !== 'object' || form === null) return form;
  if (Array.isArray(form)) return form[0] === mark ? raiseMarked(form, classOf) : raiseElements(form, 0, classOf);
  if (form instanceof Uint8Array) return new Uint8Array(form);
  check(form !== mark, 'a mark outside of an array');
  return raiseFields(form as Fields, classOf);
}

function raiseElements(array: unknown[], from: number, classOf: ClassOf): unknown[] {
  for (let index = from; index < array.length; index += 1) array[index] = raise(array[index], classOf);
  return array;
}

function raiseFields(object: Fields, classOf: ClassOf): Fields {
  for (const key of Object.keys(object)) {
    const part = object[key];
    if (typeof part === 'object' && part !== null) object[key] = raise(part, classOf);
  }
  return object;
}

function raiseMarked(form: unknown[], classOf: ClassOf): unknown {
  const fields = (of: unknown) => fieldsOf(of, classOf);
  const [, tag, first, second, third, fourth] = form;
  switch (tag) {
    case Tag.negativeZero:
      return -0;
    case Tag.notANumber:
      return Number.NaN;
    case Tag.text:
      return Buffer.from(bytes(first)).toString('utf16le');
    case Tag.bigInt:
      return raiseBigInt(text(first));
    case Tag.entries:
      return raiseEntries(raiseElements(form, 2, classOf));
    case Tag.bare:
      return { __proto__: null, ...fields(first) };
    case Tag.map:
      return raiseMap(raiseElements(form, 2, classOf));
    case Tag.set:
      return new Set(raiseElements(form, 2, classOf).slice(2));
    case Tag.date:
      return new Date(first === null ? Number.NaN : number(first));
    case Tag.binary:
      return binaryFrom(number(first), bytes(second));
    case Tag.error:
      check(isErrorKind(first), 'an unknown kind of error');
      return makeError(
        first,
        fields(second),
        fields(third),
        fourth === null ? undefined : classOf(text(fourth), Error.prototype).prototype,
      );
    case Tag.address:
    case Tag.contractAddress:
      return reference(text(first), text(second), tag === Tag.contractAddress);
    case Tag.cancellationToken:
      return new CancellationToken(text(first), number(raise(second, classOf)), address(raise(third, classOf)));
    case Tag.replyHandle:
      return new ReplyHandle(fields(first) as unknown as ReplyTarget);
    case Tag.serializable:
      return { __proto__: classOf(text(first), Object.prototype).prototype, ...fields(second) };
    default:
      throw new TypeError(`unknown tag ${String(tag)}`);
  }
}

function raiseBigInt(digits: string): bigint {
  return digits.startsWith('-') ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

/** `fromEntries` defines each key, so that a `__proto__` is a key like any other. */
function raiseEntries(form: readonly unknown[]): Fields {
  const entries: [string, unknown][] = [];
  for (let index = 2; index < form.length; index += 2) entries.push([text(form[index]), form[index + 1]]);
  return Object.fromEntries(entries);
}

function raiseMap(form: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let index = 2; index < form.length; index += 2) map.set(form[index], form[index + 1]);
  return map;
}

/** The class that is marked with the name. @throws SF_SERIALIZABLE */
export const loadedClassOf: ClassOf = (name) => {
  const found = serializableByName(name);
  if (found !== undefined) return found;
  throw new StatefulFunctionsError(
    'SF_SERIALIZABLE',
    `no class is named ${JSON.stringify(name)}, as a stored value's is. Import its file, or name a class so again.`,
  );
};

function fieldsOf(form: unknown, classOf: ClassOf): Fields {
  const value = raise(form, classOf);
  check(
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype,
    'no plain object',
  );
  return value as Fields;
}

function text(form: unknown): string {
  check(typeof form === 'string', 'no text');
  return form;
}

function number(form: unknown): number {
  check(typeof form === 'number', 'no number');
  return form;
}

function address(value: unknown): AnyAddress {
  check(value instanceof Address, 'no address');
  return value;
}

function bytes(form: unknown): Uint8Array {
  check(form instanceof Uint8Array, 'no bytes');
  return form;
}

function check(condition: boolean, found: string): asserts condition {
  if (!condition) throw new TypeError(`found ${found}`);
}
