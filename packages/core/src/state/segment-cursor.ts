import { BlockCursor } from './block-cursor.js';
import type { Segment } from './segment.js';

export interface CursorOptions {
  /** First key; from the beginning when absent. */
  readonly from?: Uint8Array | undefined;
  /** The key to end before; to the end when absent. */
  readonly to?: Uint8Array | undefined;
  /** Reads about this many bytes at once and leaves the cache alone, as a pass over the whole segment should. */
  readonly readAheadBytes?: number;
}

/**
 * Walks over a range of a segment in the order of its keys.
 *
 * `next` answers at once while the block it needs is in memory, so a pass over many entries costs a promise per block only.
 */
export class SegmentCursor {
  /** The current entry. */
  readonly block = new BlockCursor();
  readonly #segment: Segment;
  readonly #from: Uint8Array | undefined;
  readonly #to: Uint8Array | undefined;
  readonly #readAheadBytes: number;
  /** Blocks read ahead, the next one last. */
  #ahead: Uint8Array[] = [];
  #nextBlock: number;
  #state: 'new' | 'inside' | 'done' = 'new';

  constructor(segment: Segment, { from, to, readAheadBytes = 0 }: CursorOptions) {
    this.#segment = segment;
    this.#from = from;
    this.#to = to;
    this.#readAheadBytes = readAheadBytes;
    this.#nextBlock = from === undefined ? 0 : Math.max(0, segment.index.locate(from));
  }

  /** Whether there is nothing left. */
  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** Moves to the next entry; `false` behind the last. */
  next(): boolean | Promise<boolean> {
    if (this.#state === 'inside' && this.block.next()) return this.#checkEnd();
    return this.#state === 'done' ? false : this.#enterBlock();
  }

  #enterBlock(): boolean | Promise<boolean> {
    const { index } = this.#segment;
    const number = this.#nextBlock;
    if (number >= index.blocks || (this.#to !== undefined && index.compareFirstKey(number, this.#to) >= 0)) {
      this.#state = 'done';
      return false;
    }
    this.#nextBlock += 1;
    const block = this.#ahead.pop() ?? this.#fetch(number);
    return block instanceof Uint8Array ? this.#startBlock(block) : block.then((bytes) => this.#startBlock(bytes));
  }

  #startBlock(bytes: Uint8Array): boolean | Promise<boolean> {
    this.block.reset(bytes);
    const isFirst = this.#state === 'new';
    this.#state = 'inside';
    const found = isFirst && this.#from !== undefined ? this.block.seek(this.#from) : this.block.next();
    return found ? this.#checkEnd() : this.#enterBlock();
  }

  #fetch(number: number): Uint8Array | Promise<Uint8Array> {
    if (this.#readAheadBytes === 0) return this.#segment.block(number);
    return this.#segment.blocks(number, this.#readAheadBytes).then((blocks) => {
      this.#ahead = blocks.reverse();
      return this.#ahead.pop() as Uint8Array;
    });
  }

  #checkEnd(): boolean {
    if (this.#to !== undefined && this.block.compare(this.#to, this.#to.length) >= 0) this.#state = 'done';
    return this.#state !== 'done';
  }
}
