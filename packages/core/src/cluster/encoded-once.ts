import { decode, encode } from '../codec/codec.js';

/** What stands where there is nothing; whatever is encoded is longer. */
const nothing = new Uint8Array(0);

const encoded = new WeakMap<object, Uint8Array>();

/** Encodes an object that stays as it is, or `undefined`, the first time it is asked for. @param what names it in errors. */
export function encodeOnce(value: object | undefined, what: string): Uint8Array {
  if (value === undefined) return nothing;
  const known = encoded.get(value);
  if (known !== undefined) return known;
  const bytes = encode(value, what);
  encoded.set(value, bytes);
  return bytes;
}

/** Decodes what `encodeOnce` made, once for as long as the same comes. */
export class LastDecoded<T> {
  #bytes: Uint8Array | undefined;
  #value: T | undefined;

  of(bytes: Uint8Array): T | undefined {
    if (bytes.length === 0) return undefined;
    if (this.#bytes === undefined || Buffer.compare(this.#bytes, bytes) !== 0) {
      this.#value = decode(bytes) as T;
      this.#bytes = new Uint8Array(bytes);
    }
    return this.#value;
  }
}
