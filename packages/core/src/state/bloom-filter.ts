import { hashBytes } from './key-group.js';

const bitsPerKey = 10;
const probes = 7;
const secondSeed = 0x9747b28c;

/**
 * A bloom filter over keys: says "no" for certain, "maybe" with about one error in a hundred.
 * Double hashing after Kirsch & Mitzenmacher, "Less Hashing, Same Performance", 2006.
 */
export class BloomFilter {
  constructor(readonly bits: Uint8Array) {}

  /** Made of the two hashes of each key, one after the other. */
  static of(hashes: readonly number[]): BloomFilter {
    const filter = new BloomFilter(new Uint8Array(Math.max(8, Math.ceil((hashes.length / 2) * bitsPerKey / 8))));
    for (let index = 0; index < hashes.length; index += 2) filter.#add(hashes[index] as number, hashes[index + 1] as number);
    return filter;
  }

  mayHave(key: Uint8Array): boolean {
    const size = this.bits.length * 8;
    const first = hashBytes(key, 0);
    const second = hashBytes(key, secondSeed) | 1;
    for (let probe = 0; probe < probes; probe += 1) {
      const bit = ((first + Math.imul(probe, second)) >>> 0) % size;
      if (((this.bits[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  #add(first: number, second: number): void {
    const size = this.bits.length * 8;
    for (let probe = 0; probe < probes; probe += 1) {
      const bit = ((first + Math.imul(probe, second)) >>> 0) % size;
      this.bits[bit >>> 3] = (this.bits[bit >>> 3] as number) | (1 << (bit & 7));
    }
  }
}

/** Appends the two hashes of a key that a filter is made of. */
export function pushHashes(hashes: number[], key: Uint8Array): void {
  hashes.push(hashBytes(key, 0), hashBytes(key, secondSeed) | 1);
}
