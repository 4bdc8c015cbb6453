import { crc32 } from 'node:zlib';
import { encode } from '../codec/codec.js';
import { invariant } from '../sdk/errors.js';
import { BloomFilter, pushHashes } from './bloom-filter.js';
import type { Entry } from './entry.js';
import { parseKey } from './key.js';
import { type SegmentFooter, type SegmentRef, trailerBytes, trailerMagic } from './segment-format.js';

const blockBytes = 16 * 1024;
/** An entry is at most this much longer than its key and value. */
const entryOverhead = 24;

/**
 * Writes a segment: blocks of sorted entries, then a footer with the index of blocks and the bloom filter, then a trailer.
 *
 * A block is a sequence of entries, each `shared u16 | rest u16 | kind u8 | [expiry f64] | value length u32 | key rest | value`,
 * where `shared` is how much of the key is that of the entry before. Checksums of blocks are in the footer.
 */
export class SegmentWriter {
  readonly #blob: string;
  readonly #chunks: Uint8Array[] = [];
  readonly #index: { key: Uint8Array; offset: number; length: number; checksum: number }[] = [];
  readonly #hashes: number[] = [];
  readonly #types = new Set<string>();
  #block = Buffer.allocUnsafeSlow(blockBytes * 2);
  #used = 0;
  #firstKey: Uint8Array | undefined;
  #lastKey: Uint8Array | undefined;
  #offset = 0;
  #entries = 0;
  #minDueMs = Number.POSITIVE_INFINITY;
  #maxDueMs = Number.NEGATIVE_INFINITY;
  #typeBytes: Uint8Array | undefined;

  constructor(blob: string) {
    this.#blob = blob;
  }

  /** Adds an entry; keys ascend. */
  add({ key, value, expiresAtMs }: Entry): void {
    const last = this.#lastKey;
    invariant(last === undefined || Buffer.compare(last, key) < 0, 'keys of a segment ascend');
    invariant(key.length <= 0xffff, 'a key has at most 65,535 bytes');
    if (this.#used >= blockBytes) this.#endBlock();
    this.#firstKey ??= key;
    const shared = this.#used === 0 || last === undefined ? 0 : sharedLength(last, key);
    this.#reserve(key.length + (value?.length ?? 0) + entryOverhead);
    const block = this.#block;
    let at = this.#used;
    at = block.writeUInt16BE(shared, at);
    at = block.writeUInt16BE(key.length - shared, at);
    at = block.writeUInt8(value === undefined ? 0 : expiresAtMs === undefined ? 1 : 2, at);
    if (value !== undefined && expiresAtMs !== undefined) at = block.writeDoubleBE(expiresAtMs, at);
    at = block.writeUInt32BE(value?.length ?? 0, at);
    block.set(shared === 0 ? key : key.subarray(shared), at);
    at += key.length - shared;
    if (value !== undefined) block.set(value, at);
    this.#used = at + (value?.length ?? 0);
    this.#lastKey = key;
    this.#entries += 1;
    pushHashes(this.#hashes, key);
    this.#describe(key, value);
  }

  /** The finished segment; `undefined` when nothing was added. */
  finish(): { ref: SegmentRef; chunks: Uint8Array[] } | undefined {
    if (this.#entries === 0) return undefined;
    this.#endBlock();
    const footer: SegmentFooter = {
      index: this.#index.map(({ key, offset, length, checksum }) => [key, offset, length, checksum]),
      bloom: BloomFilter.of(this.#hashes).bits,
      lastKey: this.#lastKey as Uint8Array,
    };
    const bytes = encode(footer);
    const checksum = crc32(bytes);
    const trailer = Buffer.alloc(trailerBytes);
    trailer.writeUInt32BE(bytes.length, 0);
    trailer.writeUInt32BE(checksum, 4);
    trailer.writeUInt32BE(trailerMagic, 8);
    this.#chunks.push(bytes, trailer);
    const length = this.#offset + bytes.length + trailerBytes;
    const ref: SegmentRef = { blob: this.#blob, length, checksum, entries: this.#entries, types: [...this.#types] };
    if (this.#minDueMs > this.#maxDueMs) return { ref, chunks: this.#chunks };
    return { ref: { ...ref, timers: { minDueMs: this.#minDueMs, maxDueMs: this.#maxDueMs } }, chunks: this.#chunks };
  }

  /** Full blocks that are ready, for a caller that writes as it goes; `finish` gives the rest. */
  takeChunks(): Uint8Array[] {
    return this.#chunks.splice(0);
  }

  #endBlock(): void {
    if (this.#used === 0) return;
    const block = Uint8Array.prototype.slice.call(this.#block, 0, this.#used);
    this.#chunks.push(block);
    this.#index.push({ key: this.#firstKey as Uint8Array, offset: this.#offset, length: block.length, checksum: crc32(block) });
    this.#offset += block.length;
    this.#used = 0;
    this.#firstKey = undefined;
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#block.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#block.length * 2, this.#used + bytes));
    larger.set(this.#block.subarray(0, this.#used));
    this.#block = larger;
  }

  /** Notes what the manifest says about the segment: types that have state in it, and when its timers are due. */
  #describe(key: Uint8Array, value: Uint8Array | undefined): void {
    if (value === undefined) return;
    const known = this.#typeBytes;
    if (known !== undefined && key[2] === 1 && key.length > 3 + known.length && isAt(key, known, 3)) return;
    const parsed = parseKey(key);
    if (parsed.kind === 'timer') {
      this.#minDueMs = Math.min(this.#minDueMs, parsed.dueMs);
      this.#maxDueMs = Math.max(this.#maxDueMs, parsed.dueMs);
      return;
    }
    this.#types.add(parsed.type);
    this.#typeBytes = Buffer.from(`${parsed.type}\0`);
  }
}

function isAt(key: Uint8Array, part: Uint8Array, from: number): boolean {
  for (let index = 0; index < part.length; index += 1) if (key[from + index] !== part[index]) return false;
  return true;
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length += 1;
  return length;
}
