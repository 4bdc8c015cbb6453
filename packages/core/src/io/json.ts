import { Address } from '../sdk/address.js';

/**
 * A value of the data model as one line of JSON, for people and other programs to read.
 *
 * What JSON has, it keeps. What it has not becomes the nearest readable thing, which is not read back by itself:
 *
 * | value | JSON |
 * |---|---|
 * | `bigint` | a string of decimal digits |
 * | `Date` | an ISO 8601 string; an invalid one `null` |
 * | `Map` | an array of `[key, value]` |
 * | `Set` | an array |
 * | `Uint8Array`, `ArrayBuffer`, `DataView` | a base64 string |
 * | other typed arrays | an array of numbers, or of strings for 64-bit integers |
 * | `Error` | `{ name, message, code?, cause? }`: no stack, which would change with every build |
 * | `Address` | `namespace/name/id` |
 * | `undefined` | left out of objects, else `null` |
 * | `NaN`, `Infinity` | `null` |
 */
export function toJson(value: unknown): string {
  if (isJson(value, 0)) return JSON.stringify(value);
  return JSON.stringify(value, rendered) ?? 'null';
}

/** Deeper values take the slow way, which is right for every value. */
const maxFastDepth = 8;

/** Whether `JSON.stringify` needs no help: several times faster without a replacer. */
function isJson(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null)
    return true;
  if (typeof value !== 'object' || depth === maxFastDepth) return false;
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key in value) if (!isJson((value as Record<string, unknown>)[key], depth + 1)) return false;
  return true;
}

/** A replacer reads from its holder: some objects (Date, Buffer) turn themselves into something else before it is called. */
function rendered(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  if (typeof original === 'bigint') return original.toString();
  if (typeof original !== 'object' || original === null || original instanceof Date) return value;
  if (original instanceof Map || original instanceof Set) return [...original];
  if (original instanceof Error) return renderedError(original);
  if (original instanceof Address) return original.toString();
  if (original instanceof ArrayBuffer) return base64(new Uint8Array(original));
  if (!ArrayBuffer.isView(original)) return value;
  if (original instanceof Uint8Array || original instanceof DataView) {
    return base64(new Uint8Array(original.buffer, original.byteOffset, original.byteLength));
  }
  return Array.from(original as unknown as Iterable<number | bigint>);
}

function renderedError(error: Error & { code?: unknown }): object {
  const { name, message, code, cause } = error;
  return { name, message, ...(code === undefined ? {} : { code }), ...(cause === undefined ? {} : { cause }) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
