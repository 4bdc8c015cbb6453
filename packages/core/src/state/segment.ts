import { crc32 } from 'node:zlib';
import { decode } from '../codec/codec.js';
import type { BlobStore } from '../ports/blob-store.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { BlockCache } from './block-cache.js';
import { BloomFilter } from './bloom-filter.js';
import type { Entry } from './entry.js';
import { type SegmentFooter, type SegmentRef, trailerBytes, trailerMagic } from './segment-format.js';

export type { SegmentRef } from './segment-format.js';

/**
 * An immutable sorted run of entries in a blob. Its footer is in memory; blocks are read as they are needed, and every byte
 * that is read has been checked against the manifest by way of the footer.
 */
export class Segment {
  readonly #store: BlobStore;
  readonly #cache: BlockCache;
  readonly #footer: SegmentFooter;
  readonly #bloom: BloomFilter;

  private constructor(
    store: BlobStore,
    cache: BlockCache,
    readonly ref: SegmentRef,
    footer: SegmentFooter,
  ) {
    this.#store = store;
    this.#cache = cache;
    this.#footer = footer;
    this.#bloom = new BloomFilter(footer.bloom);
  }

  /** Reads trailer and footer. @throws SF_DAMAGED, SF_MISSING_BLOB */
  static async open(store: BlobStore, ref: SegmentRef, cache: BlockCache): Promise<Segment> {
    const trailer = Buffer.from(await readExactly(store, ref.blob, ref.length - trailerBytes, trailerBytes));
    const footerLength = trailer.readUInt32BE(0);
    const footerOffset = ref.length - trailerBytes - footerLength;
    if (trailer.readUInt32BE(8) !== trailerMagic || trailer.readUInt32BE(4) !== ref.checksum || footerOffset < 0) {
      throw damaged(ref.blob, ref.length - trailerBytes, 'the trailer of the segment is not as it was written');
    }
    const bytes = await readExactly(store, ref.blob, footerOffset, footerLength);
    if (crc32(bytes) !== ref.checksum) throw damaged(ref.blob, footerOffset, 'the footer of the segment does not match its checksum');
    return new Segment(store, cache, ref, decode(bytes) as SegmentFooter);
  }

  /** The entry under a key, which may be a tombstone. A promise only when a block has to be read. */
  find(key: Uint8Array): Entry | undefined | Promise<Entry | undefined> {
    if (!this.#bloom.mayHave(key)) return undefined;
    const at = this.#blockOf(key);
    if (at < 0) return undefined;
    const cached = this.#cached(at);
    if (cached !== undefined) return findIn(cached, key);
    return this.#read(at).then((block) => findIn(block, key));
  }

  /** Entries with `from <= key < to`, in order. */
  async *scan(from: Uint8Array, to: Uint8Array | undefined): AsyncGenerator<Entry, void, undefined> {
    const { index } = this.#footer;
    for (let at = Math.max(0, this.#blockOf(from)); at < index.length; at += 1) {
      const first = (index[at] as (typeof index)[number])[0];
      if (to !== undefined && Buffer.compare(first, to) >= 0) return;
      for (const entry of entriesOf(this.#cached(at) ?? (await this.#read(at)))) {
        if (Buffer.compare(entry.key, from) < 0) continue;
        if (to !== undefined && Buffer.compare(entry.key, to) >= 0) return;
        yield entry;
      }
    }
  }

  /** The last block that begins at or before a key; -1 when the key is before all or behind all. */
  #blockOf(key: Uint8Array): number {
    const { index, lastKey } = this.#footer;
    if (Buffer.compare(key, lastKey) > 0) return index.length;
    let low = 0;
    let high = index.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Buffer.compare((index[middle] as (typeof index)[number])[0], key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #cached(at: number): Uint8Array | undefined {
    const block = this.#footer.index[at];
    return block === undefined ? empty : this.#cache.get(this.ref.blob, block[1]);
  }

  async #read(at: number): Promise<Uint8Array> {
    const [, offset, length, checksum] = this.#footer.index[at] as SegmentFooter['index'][number];
    const { blob } = this.ref;
    const block = await readExactly(this.#store, blob, offset, length);
    if (crc32(block) !== checksum) throw damaged(blob, offset, `the block of ${length} bytes there does not match its checksum`);
    this.#cache.set(blob, offset, block);
    return block;
  }
}

const empty = new Uint8Array(0);

/** Entries of a block. Their bytes are copies: an entry may outlive the block's place in the cache. */
function* entriesOf(block: Uint8Array): Generator<Entry, void, undefined> {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  let key: Uint8Array = empty;
  for (let at = 0; at < bytes.length; ) {
    const shared = bytes.readUInt16BE(at);
    const rest = bytes.readUInt16BE(at + 2);
    const kind = bytes[at + 4];
    at += 5;
    const expiresAtMs = kind === 2 ? bytes.readDoubleBE(at) : undefined;
    if (kind === 2) at += 8;
    const length = bytes.readUInt32BE(at);
    at += 4;
    const next = new Uint8Array(shared + rest);
    next.set(key.subarray(0, shared));
    next.set(bytes.subarray(at, at + rest), shared);
    key = next;
    at += rest;
    const value = kind === 0 ? undefined : Uint8Array.prototype.slice.call(bytes, at, at + length);
    at += length;
    yield expiresAtMs === undefined ? { key, value } : { key, value, expiresAtMs };
  }
}

function findIn(block: Uint8Array, key: Uint8Array): Entry | undefined {
  for (const entry of entriesOf(block)) {
    const order = Buffer.compare(entry.key, key);
    if (order === 0) return entry;
    if (order > 0) return undefined;
  }
  return undefined;
}

async function readExactly(store: BlobStore, blob: string, offset: number, length: number): Promise<Uint8Array> {
  if (offset < 0 || length < 0) throw damaged(blob, Math.max(0, offset), 'the segment is shorter than its parts');
  const bytes = await store.get(blob, { offset, length });
  if (bytes === undefined) {
    throw new StatefulFunctionsError('SF_MISSING_BLOB', `${blob}, which holds state, is gone. Restore the store from a copy, or start from a savepoint.`);
  }
  if (bytes.length !== length) throw damaged(blob, offset + bytes.length, `it ends there, though the segment reaches to byte ${offset + length}`);
  return bytes;
}

function damaged(blob: string, offset: number, what: string): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_DAMAGED', `${blob} is damaged at byte ${offset}: ${what}. Restore it from a copy, or start from a savepoint.`);
}
