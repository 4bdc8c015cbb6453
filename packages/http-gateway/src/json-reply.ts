import { Address } from '@stateful-functions/core';

/**
 * A reply as JSON, which holds less than messages do:
 *
 * - `undefined` is `null` by itself and in a list, and left out of an object
 * - a bigint is a string of its digits; NaN and the infinities are `null`
 * - a Date is a string as of `toISOString`, an invalid one `null`
 * - a Map is a list of pairs of key and value, a Set a list
 * - bytes (Uint8Array) are a string of Base64; the other typed arrays are lists of numbers
 * - an Error is an object of its `name`, `message` and, if it has one, `code`
 * - an Address is the string `namespace/name/id`
 * - an instance of a class marked `@Serializable` is an object of its fields
 */
export function writeReply(value: unknown): string {
  return JSON.stringify(value, replace) ?? 'null';
}

/** `this` is what holds the value: what is passed has been through `toJSON` already. */
function replace(this: unknown, key: string, passed: unknown): unknown {
  if (typeof passed === 'bigint') return String(passed);
  if (typeof passed !== 'object' || passed === null) return passed;
  if (passed instanceof Map || passed instanceof Set) return [...passed];
  if (passed instanceof Address) return String(passed);
  if (passed instanceof Error) return { name: passed.name, message: passed.message, code: codeOf(passed) };
  if (ArrayBuffer.isView(passed)) return bytesOrNumbers(passed);
  const value = (this as Record<string, unknown>)[key];
  return Buffer.isBuffer(value) ? value.toString('base64') : passed;
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

function bytesOrNumbers(view: ArrayBufferView): unknown {
  if (view instanceof Uint8Array) return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');
  if (view instanceof DataView) return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');
  return [...(view as unknown as Iterable<number | bigint>)];
}
