import { crc32 } from 'node:zlib';
import type { BlobReader } from '../ports/blob-store.js';
import { BlobError } from '../sdk/blob-error.js';
import type { BlockCache } from './block-cache.js';
import { BlockCursor } from './block-cursor.js';
import { bloomHash, mayContain } from './bloom-filter.js';
import type { Entry } from './entry.js';
import { SegmentCursor } from './segment-cursor.js';
import { magic, trailerLength } from './segment-format.js';
import { SegmentIndex } from './segment-index.js';

/** What a manifest holds of a segment: where it is, how to tell that it is undamaged, and what is worth knowing unread. */
export interface SegmentRef {
  /** The blob whose first `length` bytes are the segment; or what manifests call it that hold it themselves. */
  readonly blob: string;
  readonly length: number;
  /** CRC-32 of the footer, which holds those of the blocks. */
  readonly checksum: number;
  /** How many entries it has, tombstones included. */
  readonly entries: number;
  /**
   * Names of the function types it holds state of; one of which it holds only tombstones is not among them. A newer segment
   * may hold the tombstones of all that one has.
   */
  readonly types: readonly string[];
  /** Bounds of when its timers are due, removed ones included; absent when it has none. */
  readonly timers?: { readonly minDueMs: number; readonly maxDueMs: number };
  /** Function types that its timers may be for: none is missing, some may have none left. Absent for none. */
  readonly timerTypes?: readonly string[];
}

/** How much of a segment's end is read at once: enough for trailer and footer of all but large ones. */
const tailLength = 64 * 1024;
/** How much of a segment is in memory while it is looked through for damage. */
const damageReadLength = 1024 * 1024;

/**
 * An immutable sorted run of entries in a blob, see `segment-format.ts`.
 *
 * Every byte is verified before it is used: damage is reported with the blob's name and the offset of the part that is damaged.
 */
export class Segment {
  readonly #store: BlobReader;
  readonly #cache: BlockCache;
  readonly #cacheId: number;
  readonly #loading = new Map<number, Promise<Uint8Array>>();
  readonly #cursor = new BlockCursor();

  private constructor(
    store: BlobReader,
    readonly ref: SegmentRef,
    readonly index: SegmentIndex,
    cache: BlockCache,
  ) {
    this.#store = store;
    this.#cache = cache;
    this.#cacheId = cache.register();
  }

  /**
   * Reads the segment's footer; for a small segment all of it.
   *
   * @throws SF_MISSING_BLOB
   * @throws SF_DAMAGED
   */
  static async open(store: BlobReader, ref: SegmentRef, cache: BlockCache): Promise<Segment> {
    const trailerStart = ref.length - trailerLength;
    const tailStart = Math.max(0, ref.length - tailLength);
    const tail = await readExactly(store, ref, tailStart, ref.length - tailStart);
    const footerStart = trailerStart - footerLengthOf(tail, ref);
    const footer =
      footerStart < tailStart
        ? await readExactly(store, ref, footerStart, trailerStart - footerStart)
        : tail.slice(footerStart - tailStart, trailerStart - tailStart);
    if (crc32(footer) !== ref.checksum) throw damaged(ref, footerStart, 'its footer does not match its checksum');
    const index = new SegmentIndex(footer);
    if (index.end !== footerStart || index.entries !== ref.entries) {
      throw damaged(ref, footerStart, 'its footer does not fit its manifest');
    }
    const segment = new Segment(store, ref, index, cache);
    if (tailStart === 0) for (let block = 0; block < index.blocks; block += 1) segment.#accept(block, tail, 0);
    return segment;
  }

  /** Whether the segment may have an entry with this key, or with keys of the sweep that `hash` was made of. */
  mayContain(hash: number): boolean {
    return mayContain(this.index.bloom, hash);
  }

  /**
   * The segment's entry under a key, which may be a tombstone. A promise only when a block has to be read for it.
   *
   * @throws SF_MISSING_BLOB
   * @throws SF_DAMAGED
   */
  find(key: Uint8Array, hash: number = bloomHash(key)): Entry | undefined | Promise<Entry | undefined> {
    if (!this.mayContain(hash)) return undefined;
    const number = this.index.locate(key);
    if (number < 0) return undefined;
    const block = this.block(number);
    return block instanceof Uint8Array ? this.#findIn(block, key) : block.then((bytes) => this.#findIn(bytes, key));
  }

  /** The entries with keys in [from, to) in ascending order, tombstones included. */
  async *scan(from: Uint8Array, to: Uint8Array | undefined): AsyncGenerator<Entry, void, undefined> {
    const cursor = new SegmentCursor(this, { from, to });
    for (;;) {
      const moved = cursor.next();
      if (!(typeof moved === 'boolean' ? moved : await moved)) return;
      yield cursor.block.entry();
    }
  }

  /** A verified block: from memory, or read once however many ask for it. */
  block(number: number): Uint8Array | Promise<Uint8Array> {
    const cached = this.#cache.get(this.#cacheId, number);
    if (cached !== undefined) return cached;
    let loading = this.#loading.get(number);
    if (loading === undefined) {
      loading = this.#load(number).finally(() => this.#loading.delete(number));
      this.#loading.set(number, loading);
    }
    return loading;
  }

  /** Verified blocks in a row, at least one, about `maxBytes` of them: for a pass over all, past the cache. */
  async blocks(first: number, maxBytes: number): Promise<Uint8Array[]> {
    const { start, end, bytes } = await this.#stretch(first, maxBytes);
    const blocks: Uint8Array[] = [];
    for (let block = first; block < end; block += 1) blocks.push(this.#verify(block, bytes, start));
    return blocks;
  }

  /** Every block that is not as it was written. Reads all of them, past the cache. */
  async *damage(): AsyncGenerator<BlobError, void, undefined> {
    for (let first = 0; first < this.index.blocks; ) {
      const { start, end, bytes } = await this.#stretch(first, damageReadLength);
      for (let block = first; block < end; block += 1) {
        if (!this.#isSound(block, bytes, start)) yield this.#blockDamage(block);
      }
      first = end;
    }
  }

  /** Gives back the memory of a segment that is not read any more. */
  close(): void {
    this.#cache.drop(this.#cacheId, this.index.blocks);
  }

  #findIn(block: Uint8Array, key: Uint8Array): Entry | undefined {
    const cursor = this.#cursor;
    cursor.reset(block);
    return cursor.seek(key) && cursor.compare(key, key.length) === 0 ? cursor.entry() : undefined;
  }

  async #load(number: number): Promise<Uint8Array> {
    const start = this.index.offset(number);
    const bytes = await readExactly(this.#store, this.ref, start, this.index.length(number));
    return this.#accept(number, bytes, start);
  }

  /** Verifies a block that lies in `bytes`, which begin at `start` of the blob, and keeps a copy in memory. */
  #accept(number: number, bytes: Uint8Array, start: number): Uint8Array {
    const verified = this.#verify(number, bytes, start);
    const block = verified.length === bytes.length ? verified : verified.slice();
    this.#cache.set(this.#cacheId, number, block);
    return block;
  }

  #verify(number: number, bytes: Uint8Array, start: number): Uint8Array {
    if (!this.#isSound(number, bytes, start)) throw this.#blockDamage(number);
    return this.#slice(number, bytes, start);
  }

  #isSound(number: number, bytes: Uint8Array, start: number): boolean {
    return crc32(this.#slice(number, bytes, start)) === this.index.crc(number);
  }

  #slice(number: number, bytes: Uint8Array, start: number): Uint8Array {
    const from = this.index.offset(number) - start;
    return bytes.subarray(from, from + this.index.length(number));
  }

  #blockDamage(number: number): BlobError {
    return damaged(this.ref, this.index.offset(number), 'a block does not match its checksum');
  }

  /** The bytes, unverified, of blocks in a row: at least one, about `maxBytes` of them, up to block `end`. */
  async #stretch(first: number, maxBytes: number): Promise<{ start: number; end: number; bytes: Uint8Array }> {
    const start = this.index.offset(first);
    let end = first + 1;
    while (end < this.index.blocks && this.index.offset(end + 1) - start <= maxBytes) end += 1;
    return { start, end, bytes: await readExactly(this.#store, this.ref, start, this.index.offset(end) - start) };
  }
}

/** The footer's length, from the trailer at the end of `tail`. */
function footerLengthOf(tail: Uint8Array, ref: SegmentRef): number {
  const at = ref.length - trailerLength;
  if (tail.length < trailerLength) throw damaged(ref, 0, 'it is too short');
  const trailer = Buffer.from(tail.buffer, tail.byteOffset + tail.length - trailerLength, trailerLength);
  if (trailer.compare(magic, 0, magic.length, 8) !== 0) throw damaged(ref, at + 8, 'it does not end as a segment does');
  if (trailer.readUInt32BE(4) !== ref.checksum) throw damaged(ref, at + 4, 'it is not the segment its manifest means');
  const length = trailer.readUInt32BE(0);
  if (length > at) throw damaged(ref, at, 'its footer is longer than all of it');
  return length;
}

async function readExactly(store: BlobReader, ref: SegmentRef, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await store.get(ref.blob, { offset, length });
  if (bytes === undefined) {
    throw new BlobError(
      'SF_MISSING_BLOB',
      ref.blob,
      0,
      `the checkpoint refers to blob ${ref.blob}, which is gone. Bring it back, or start from a savepoint that does not need it.`,
    );
  }
  if (bytes.length === length) return bytes;
  throw damaged(ref, offset + bytes.length, `it ends there, ${ref.length} bytes were written`);
}

function damaged(ref: SegmentRef, offset: number, what: string): BlobError {
  return new BlobError(
    'SF_DAMAGED',
    ref.blob,
    offset,
    `the segment in blob ${ref.blob} is damaged at byte ${offset}: ${what}. Bring the blob back from a copy, or start from a savepoint that does not need it.`,
  );
}
