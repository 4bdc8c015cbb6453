import { decode, encode } from '../codec/codec.js';
import { invariant } from '../sdk/errors.js';

/** How the items of a channel become bytes. Both ends have the same. */
export interface ItemCodec {
  /** Items in one encoding. The bytes are valid until the next call. @throws SF_UNSUPPORTED_VALUE */
  encode(items: readonly unknown[]): Uint8Array;
  /** The items of one encoding, made for this call. @throws SF_DAMAGED, SF_BROKEN_INVARIANT */
  decode(bytes: Uint8Array): readonly unknown[];
}

/** For items that are values of the data model. */
export const valueCodec: ItemCodec = {
  encode(items) {
    return encode(items, 'items');
  },
  decode(bytes) {
    const items = decode(bytes);
    invariant(Array.isArray(items), 'a frame of items holds an array');
    return items;
  },
};
