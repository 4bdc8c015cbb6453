import { xxh32OfBytes } from './xxh32.js';

const bitsPerKey = 10;
const probes = 7;
/** Positions come from 32 bits; a larger filter would leave bits unused. */
const maxBytes = 2 ** 29;

/** What a bloom filter knows a key by: the first `length` bytes of `key`. */
export function bloomHash(key: Uint8Array, length: number = key.length): number {
  return xxh32OfBytes(key, length);
}

/**
 * Collects keys for a bloom filter, which says of a key that it is certainly not among them, or that it may be (wrong for
 * about one in a hundred).
 *
 * Source: Bloom, "Space/Time Trade-offs in Hash Coding with Allowable Errors", 1970; double hashing after Kirsch &
 * Mitzenmacher, "Less Hashing, Same Performance", 2006.
 */
export class BloomFilterBuilder {
  #hashes = new Uint32Array(1024);
  #count = 0;

  add(hash: number): void {
    if (this.#count === this.#hashes.length) {
      const grown = new Uint32Array(this.#count * 2);
      grown.set(this.#hashes);
      this.#hashes = grown;
    }
    this.#hashes[this.#count++] = hash;
  }

  build(): Uint8Array {
    const filter = new Uint8Array(Math.min(maxBytes, Math.ceil((this.#count * bitsPerKey) / 8) + 8));
    const bits = filter.length * 8;
    for (let index = 0; index < this.#count; index += 1) {
      let hash = this.#hashes[index] as number;
      const step = stepOf(hash);
      for (let probe = 0; probe < probes; probe += 1) {
        const bit = hash % bits;
        const byte = bit >>> 3;
        filter[byte] = (filter[byte] as number) | (1 << (bit & 7));
        hash = (hash + step) >>> 0;
      }
    }
    return filter;
  }
}

/** Whether a key with this hash may have been added. */
export function mayContain(filter: Uint8Array, keyHash: number): boolean {
  const bits = filter.length * 8;
  let hash = keyHash;
  const step = stepOf(hash);
  for (let probe = 0; probe < probes; probe += 1) {
    const bit = hash % bits;
    if (((filter[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
    hash = (hash + step) >>> 0;
  }
  return true;
}

function stepOf(hash: number): number {
  return Math.imul((hash >>> 17) | (hash << 15), 0x9e3779b1) >>> 0;
}
