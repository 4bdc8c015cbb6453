import type { Entry } from './entry.js';

const noBytes = new Uint8Array(0);

/**
 * Walks over the entries of one verified block, see `segment-format.ts`.
 *
 * A cursor is reused from block to block and makes an object only for an entry that is asked for.
 */
export class BlockCursor {
  #block: Uint8Array = noBytes;
  #restarts = 0;
  /** Where entries end and restart offsets begin. */
  #end = 0;
  #next = 0;
  #valueStart = 0;
  #valueLength = 0;
  #isTombstone = false;
  #expiresAtMs: number | undefined;
  /** Holds the current key in its first `keyLength` bytes. */
  key = new Uint8Array(256);
  keyLength = 0;

  /** Stands before the first entry of `block`. */
  reset(block: Uint8Array): void {
    this.#block = block;
    this.#restarts = this.#uint32(block.length - 4);
    this.#end = block.length - 4 - this.#restarts * 4;
    this.#next = 0;
    this.keyLength = 0;
  }

  /** Moves to the next entry; `false` behind the last. */
  next(): boolean {
    if (this.#next >= this.#end) return false;
    const shared = this.#varint();
    const unshared = this.#varint();
    const meta = this.#varint();
    this.#isTombstone = meta === 0;
    this.#expiresAtMs = undefined;
    if (meta > 0 && meta % 2 === 0) {
      this.#expiresAtMs = new DataView(this.#block.buffer, this.#block.byteOffset).getFloat64(this.#next);
      this.#next += 8;
    }
    const length = shared + unshared;
    if (length > this.key.length) this.#growKey(length);
    const { key } = this;
    const block = this.#block;
    let from = this.#next;
    for (let at = shared; at < length; at += 1) key[at] = block[from++] as number;
    this.keyLength = length;
    this.#valueStart = from;
    this.#valueLength = meta === 0 ? 0 : Math.floor((meta - 1) / 2);
    this.#next = from + this.#valueLength;
    return true;
  }

  /** Moves to the first entry whose key is `key` or behind it; `false` when there is none. */
  seek(key: Uint8Array): boolean {
    let low = 0;
    let high = this.#restarts - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      this.#restart(middle);
      if (this.compare(key, key.length) <= 0) low = middle;
      else high = middle - 1;
    }
    this.#next = this.#restartOffset(low);
    while (this.next()) if (this.compare(key, key.length) >= 0) return true;
    return false;
  }

  /** Below zero, zero or above as the current key sorts before, with or behind the first `length` bytes of `other`. */
  compare(other: Uint8Array, length: number): number {
    const { key, keyLength } = this;
    const limit = Math.min(keyLength, length);
    for (let at = 0; at < limit; at += 1) {
      const difference = (key[at] as number) - (other[at] as number);
      if (difference !== 0) return difference;
    }
    return keyLength - length;
  }

  get isTombstone(): boolean {
    return this.#isTombstone;
  }

  /** The current entry, in bytes of its own: a view would keep the whole block in memory. */
  entry(): Entry {
    const key = this.key.slice(0, this.keyLength);
    if (this.#isTombstone) return { key, value: undefined };
    const value = this.#block.slice(this.#valueStart, this.#valueStart + this.#valueLength);
    return this.#expiresAtMs === undefined ? { key, value } : { key, value, expiresAtMs: this.#expiresAtMs };
  }

  #restart(index: number): void {
    this.#next = this.#restartOffset(index);
    this.next();
  }

  #restartOffset(index: number): number {
    return this.#uint32(this.#end + index * 4);
  }

  #uint32(at: number): number {
    const block = this.#block;
    const high = ((block[at] as number) << 8) | (block[at + 1] as number);
    return high * 0x10000 + (((block[at + 2] as number) << 8) | (block[at + 3] as number));
  }

  #varint(): number {
    const block = this.#block;
    let byte = block[this.#next++] as number;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    do {
      byte = block[this.#next++] as number;
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte >= 0x80);
    return value;
  }

  #growKey(length: number): void {
    const grown = new Uint8Array(length * 2);
    grown.set(this.key.subarray(0, this.keyLength));
    this.key = grown;
  }
}
