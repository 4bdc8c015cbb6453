import { xxh32OfBytes } from './xxh32.js';

/** More than 10, as is usual: each address that is new is looked for in all segments, and a wrong answer costs a read. */
const bitsPerKey = 14;
const probes = 7;
/** Positions come from 32 bits; a larger filter would leave bits unused. */
const maxBytes = 2 ** 29;
/** Hashes that are kept together, and put into the filter in one go; most segments have few. */
const chunkLength = 4_096;
const firstChunkLength = 1_024;

/** What a bloom filter knows a key by: the first `length` bytes of `key`. */
export function bloomHash(key: Uint8Array, length: number = key.length): number {
  return xxh32OfBytes(key, length);
}

/**
 * Collects keys for a bloom filter, which says of a key that it is certainly not among them, or that it may be (wrong for
 * about one in seven hundred).
 *
 * Source: Bloom, "Space/Time Trade-offs in Hash Coding with Allowable Errors", 1970; double hashing after Kirsch &
 * Mitzenmacher, "Less Hashing, Same Performance", 2006.
 */
export class BloomFilterBuilder {
  readonly #chunks: Uint32Array[] = [];
  #chunk = new Uint32Array(0);
  #count = 0;
  /** Hashes in the last chunk. */
  #used = 0;

  add(hash: number): void {
    if (this.#used === this.#chunk.length) this.#startChunk();
    this.#chunk[this.#used++] = hash;
    this.#count += 1;
  }

  /** Builds the filter, a slice at a time: that of a million keys takes longer than the event loop may be held up. */
  *build(): Generator<void, Uint8Array> {
    const filter = new Uint8Array(Math.min(maxBytes, Math.ceil((this.#count * bitsPerKey) / 8) + 8));
    for (const chunk of this.#chunks) {
      const length = chunk === this.#chunk ? this.#used : chunk.length;
      for (let index = 0; index < length; index += 1) insert(filter, chunk[index] as number);
      if (chunk !== this.#chunk) yield;
    }
    return filter;
  }

  #startChunk(): void {
    this.#chunk = new Uint32Array(this.#chunks.length === 0 ? firstChunkLength : chunkLength);
    this.#chunks.push(this.#chunk);
    this.#used = 0;
  }
}

function insert(filter: Uint8Array, keyHash: number): void {
  const bits = filter.length * 8;
  let hash = keyHash;
  const step = stepOf(hash);
  for (let probe = 0; probe < probes; probe += 1) {
    const bit = hash % bits;
    const byte = bit >>> 3;
    filter[byte] = (filter[byte] as number) | (1 << (bit & 7));
    hash = (hash + step) >>> 0;
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
