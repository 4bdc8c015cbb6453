import { crc32 } from 'node:zlib';
import { invariant } from '../sdk/errors.js';
import { BloomFilterBuilder, bloomHash } from './bloom-filter.js';
import { ByteBuffer } from './byte-buffer.js';
import type { Entry } from './entry.js';
import { dueOf, isTimerKey, sweepEnd, typeEnd, typeOf } from './key.js';
import type { SegmentRef } from './segment.js';
import { blockLength, entriesPerRestart, footerHeadLength, magic, trailerLength } from './segment-format.js';

const chunkLength = 256 * 1024;
/** Room for a chunk that is full, with the block that fills it. */
const fullChunkLength = chunkLength + 2 * blockLength;
/** Room that a segment begins with: most have little in them. */
const firstLength = 8 * 1024;
/** Room that three varints and an expiry can take. */
const entryHeadLength = 40;

const noChunk = new Uint8Array(0);

/** A finished segment: what a manifest says of it, and its bytes that were not taken before. */
export interface WrittenSegment {
  readonly ref: SegmentRef;
  readonly chunks: Uint8Array[];
}

interface WrittenBlock {
  length: number;
  crc: number;
  readonly firstKey: Uint8Array;
}

/**
 * Writes a segment, one entry after the other, in ascending order of their keys.
 *
 * Blocks are put together in the chunk that is handed out, so an entry is copied once and costs no object.
 */
export class SegmentWriter {
  #chunk: Uint8Array = noChunk;
  #at = 0;
  readonly #chunks: Uint8Array[] = [];

  #blockStart = 0;
  #blockEntries = 0;
  #restarts: number[] = [];
  readonly #blocks: WrittenBlock[] = [];
  #blocksLength = 0;

  #entries = 0;
  readonly #lastKey = new ByteBuffer();
  /** Length of the prefix of the last key that names its sweep, see `sweepEnd`. */
  #sweepLength = 0;
  /** Length of the prefix of the last key that names its function type, once that type is recorded. */
  #typeLength = 0;
  readonly #bloom = new BloomFilterBuilder();
  /** The filter, once it is built. */
  #filter: Uint8Array | undefined;
  readonly #types = new Set<string>();
  readonly #timerTypes = new Set<string>();
  #minDueMs = Number.POSITIVE_INFINITY;
  #maxDueMs = Number.NEGATIVE_INFINITY;
  #hasTimers = false;

  /** @param blob the name of the blob whose beginning the segment will be. */
  constructor(readonly blob: string) {}

  get entries(): number {
    return this.#entries;
  }

  /** Adds an entry. Its key is greater than all before. */
  add({ key, value, expiresAtMs }: Entry): void {
    this.append(key, key.length, value, 0, value?.length ?? 0, expiresAtMs);
  }

  /** Adds an entry whose key is the first bytes of `key`, and its value a stretch of `value`: nothing of them is kept. */
  append(
    key: Uint8Array,
    keyLength: number,
    value: Uint8Array | undefined,
    valueStart: number,
    valueEnd: number,
    expiresAtMs?: number,
  ): void {
    const shared = this.#sharedWithLast(key, keyLength);
    if (this.#sweepLength === 0 || shared < this.#sweepLength) {
      this.#sweepLength = sweepEnd(key, keyLength);
      if (this.#sweepLength > 0) this.#bloom.add(bloomHash(key, this.#sweepLength));
    }
    this.#add(key, keyLength, shared, value, valueStart, valueEnd, expiresAtMs);
  }

  /** As `append`, for the record of an address, which is in no sweep. */
  appendRecord(
    key: Uint8Array,
    keyLength: number,
    value: Uint8Array | undefined,
    valueStart: number,
    valueEnd: number,
  ): void {
    const shared = this.#sharedWithLast(key, keyLength);
    this.#sweepLength = 0;
    this.#add(key, keyLength, shared, value, valueStart, valueEnd, undefined);
  }

  #sharedWithLast(key: Uint8Array, keyLength: number): number {
    const { bytes: last, length: lastLength } = this.#lastKey;
    const limit = Math.min(keyLength, lastLength);
    let shared = 0;
    while (shared < limit && key[shared] === last[shared]) shared += 1;
    const ascends = shared < keyLength && (shared === lastLength || (key[shared] as number) > (last[shared] as number));
    invariant(ascends, 'entries of a segment come in ascending order of their keys');
    return shared;
  }

  #add(
    key: Uint8Array,
    keyLength: number,
    shared: number,
    value: Uint8Array | undefined,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number | undefined,
  ): void {
    this.#describe(key, keyLength, shared, value !== undefined);
    this.#write(key, keyLength, shared, value, valueStart, valueEnd, expiresAtMs);
    this.#keep(key, keyLength, shared);
    this.#entries += 1;
    if (this.#at - this.#blockStart >= blockLength) this.#endBlock();
  }

  /** Notes a function type that timers of the segment are for: their keys do not tell. */
  noteTimersFor(typeName: string): void {
    this.#timerTypes.add(typeName);
  }

  /** The chunks that are full, for who wants to send them on before the segment is finished. */
  takeChunks(): Uint8Array[] {
    return this.#chunks.splice(0);
  }

  /** Does most of what `finish` has to, a slice at a time; nothing can be added any more. @param pause lets the event loop turn */
  async prepareFinish(pause: () => Promise<void>): Promise<void> {
    const building = this.#bloom.build();
    let next = building.next();
    for (; next.done !== true; next = building.next()) await pause();
    this.#filter = next.value;
  }

  /** Ends the segment; nothing can be added any more. */
  finish(): WrittenSegment {
    if (this.#blockEntries > 0) this.#endBlock();
    if (this.#at > 0) this.#endChunk();
    const footer = this.#footer();
    const checksum = crc32(footer);
    const trailer = Buffer.alloc(trailerLength);
    trailer.writeUInt32BE(footer.length, 0);
    trailer.writeUInt32BE(checksum, 4);
    trailer.set(magic, 8);
    this.#chunks.push(footer, new Uint8Array(trailer.buffer, trailer.byteOffset, trailerLength));
    const ref: SegmentRef = {
      blob: this.blob,
      length: this.#blocksLength + footer.length + trailerLength,
      checksum,
      entries: this.#entries,
      types: [...this.#types].sort(),
      ...(this.#hasTimers ? { timers: { minDueMs: this.#minDueMs, maxDueMs: this.#maxDueMs } } : {}),
      ...(this.#hasTimers && this.#timerTypes.size > 0 ? { timerTypes: [...this.#timerTypes].sort() } : {}),
    };
    return { ref, chunks: this.takeChunks() };
  }

  #keep(key: Uint8Array, keyLength: number, shared: number): void {
    const last = this.#lastKey;
    last.length = shared;
    last.reserve(keyLength - shared);
    const { bytes } = last;
    for (let at = shared; at < keyLength; at += 1) bytes[at] = key[at] as number;
    last.length = keyLength;
  }

  /** Notes what the footer and the manifest say of the entry. Types are noted once for keys that begin alike. */
  #describe(key: Uint8Array, length: number, shared: number, isLive: boolean): void {
    this.#bloom.add(bloomHash(key, length));
    if (isTimerKey(key)) {
      const dueMs = dueOf(key);
      this.#minDueMs = Math.min(this.#minDueMs, dueMs);
      this.#maxDueMs = Math.max(this.#maxDueMs, dueMs);
      this.#hasTimers = true;
      this.#typeLength = 0;
    } else if (this.#typeLength === 0 || shared < this.#typeLength) {
      const end = typeEnd(key, length);
      this.#typeLength = isLive ? end : 0;
      if (isLive) this.#types.add(typeOf(key, end));
    }
  }

  #write(
    key: Uint8Array,
    keyLength: number,
    sharedWithLast: number,
    value: Uint8Array | undefined,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number | undefined,
  ): void {
    const valueLength = valueEnd - valueStart;
    this.#reserve(entryHeadLength + keyLength + valueLength);
    let shared = sharedWithLast;
    if (this.#blockEntries % entriesPerRestart === 0) {
      shared = 0;
      this.#restarts.push(this.#at - this.#blockStart);
    }
    if (this.#blockEntries === 0) {
      // A copy, also of a Buffer, whose `slice` is none.
      this.#blocks.push({ length: 0, crc: 0, firstKey: new Uint8Array(key.subarray(0, keyLength)) });
    }
    this.#blockEntries += 1;
    this.#varint(shared);
    this.#varint(keyLength - shared);
    if (value === undefined) {
      this.#varint(0);
    } else if (expiresAtMs === undefined) {
      this.#varint(valueLength * 2 + 1);
    } else {
      this.#varint(valueLength * 2 + 2);
      new DataView(this.#chunk.buffer).setFloat64(this.#at, expiresAtMs);
      this.#at += 8;
    }
    this.#bytes(key, shared, keyLength);
    if (value !== undefined) this.#bytes(value, valueStart, valueEnd);
  }

  #endBlock(): void {
    this.#reserve(this.#restarts.length * 4 + 4);
    for (const restart of this.#restarts) this.#uint32(restart);
    this.#uint32(this.#restarts.length);
    const block = this.#blocks[this.#blocks.length - 1] as WrittenBlock;
    block.length = this.#at - this.#blockStart;
    block.crc = crc32(this.#chunk.subarray(this.#blockStart, this.#at));
    this.#blocksLength += block.length;
    this.#blockStart = this.#at;
    this.#blockEntries = 0;
    this.#restarts = [];
    if (this.#at >= chunkLength) this.#endChunk();
  }

  #endChunk(): void {
    this.#chunks.push(this.#chunk.subarray(0, this.#at));
    this.#chunk = noChunk;
    this.#at = 0;
    this.#blockStart = 0;
  }

  #footer(): Uint8Array {
    const bloom = this.#filter ?? this.#buildFilter();
    let length = footerHeadLength + bloom.length;
    for (const { firstKey } of this.#blocks) length += 12 + firstKey.length;
    const footer = new Uint8Array(length);
    const view = new DataView(footer.buffer);
    view.setFloat64(0, this.#entries);
    view.setUint32(8, this.#blocks.length);
    view.setUint32(12, bloom.length);
    let at = footerHeadLength;
    for (const block of this.#blocks) {
      view.setUint32(at, block.length);
      view.setUint32(at + 4, block.crc);
      view.setUint32(at + 8, block.firstKey.length);
      footer.set(block.firstKey, at + 12);
      at += 12 + block.firstKey.length;
    }
    footer.set(bloom, at);
    return footer;
  }

  #buildFilter(): Uint8Array {
    const building = this.#bloom.build();
    for (;;) {
      const { done, value } = building.next();
      if (done === true) return value;
    }
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#chunk.length) return;
    const grown = new Uint8Array(Math.max(this.#usualLength, needed));
    grown.set(this.#chunk.subarray(0, this.#at));
    this.#chunk = grown;
  }

  /** How large the chunk is made next, if that is enough. Whoever filled one chunk will fill another. */
  get #usualLength(): number {
    const twice = Math.max(firstLength, this.#chunk.length * 2);
    if (this.#chunk.length >= fullChunkLength) return twice;
    return this.#blocksLength >= chunkLength ? fullChunkLength : Math.min(twice, fullChunkLength);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#chunk[this.#at++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#chunk[this.#at++] = rest;
  }

  #uint32(value: number): void {
    this.#chunk[this.#at++] = value >>> 24;
    this.#chunk[this.#at++] = value >>> 16;
    this.#chunk[this.#at++] = value >>> 8;
    this.#chunk[this.#at++] = value;
  }

  #bytes(bytes: Uint8Array, from: number, to: number): void {
    const chunk = this.#chunk;
    let at = this.#at;
    if (to - from > 48) {
      chunk.set(bytes.subarray(from, to), at);
      at += to - from;
    } else {
      for (let index = from; index < to; index += 1) chunk[at++] = bytes[index] as number;
    }
    this.#at = at;
  }
}
