import { footerHeadLength } from './segment-format.js';

/**
 * Where the blocks of a segment are, and the first key of each: read from a verified footer, see `segment-format.ts`.
 *
 * Keys stay where they are in the footer; a segment of ten million entries has some sixty thousand blocks.
 */
export class SegmentIndex {
  readonly entries: number;
  /** How many blocks there are. */
  readonly blocks: number;
  readonly bloom: Uint8Array;
  readonly #footer: Uint8Array;
  readonly #keyStarts: Uint32Array;
  readonly #keyEnds: Uint32Array;
  /** One more than there are blocks: the last is where the footer begins. */
  readonly #offsets: Float64Array;
  readonly #crcs: Uint32Array;

  constructor(footer: Uint8Array) {
    const view = new DataView(footer.buffer, footer.byteOffset, footer.length);
    this.#footer = footer;
    this.entries = view.getFloat64(0);
    this.blocks = view.getUint32(8);
    this.#keyStarts = new Uint32Array(this.blocks);
    this.#keyEnds = new Uint32Array(this.blocks);
    this.#offsets = new Float64Array(this.blocks + 1);
    this.#crcs = new Uint32Array(this.blocks);
    let at = footerHeadLength;
    for (let block = 0; block < this.blocks; block += 1) {
      this.#offsets[block + 1] = (this.#offsets[block] as number) + view.getUint32(at);
      this.#crcs[block] = view.getUint32(at + 4);
      this.#keyStarts[block] = at + 12;
      at += 12 + view.getUint32(at + 8);
      this.#keyEnds[block] = at;
    }
    this.bloom = footer.subarray(at, at + view.getUint32(12));
  }

  /** Where the footer begins. */
  get end(): number {
    return this.offset(this.blocks);
  }

  offset(block: number): number {
    return this.#offsets[block] as number;
  }

  length(block: number): number {
    return this.offset(block + 1) - this.offset(block);
  }

  crc(block: number): number {
    return this.#crcs[block] as number;
  }

  /** The block that holds `key` if any does: the last whose first key is not behind it; -1 when all are. */
  locate(key: Uint8Array): number {
    let low = -1;
    let high = this.blocks - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.compareFirstKey(middle, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Below zero, zero or above as the first key of a block sorts before, with or behind `key`. */
  compareFirstKey(block: number, key: Uint8Array): number {
    const footer = this.#footer;
    const start = this.#keyStarts[block] as number;
    const length = (this.#keyEnds[block] as number) - start;
    const limit = Math.min(length, key.length);
    for (let at = 0; at < limit; at += 1) {
      const difference = (footer[start + at] as number) - (key[at] as number);
      if (difference !== 0) return difference;
    }
    return length - key.length;
  }
}
