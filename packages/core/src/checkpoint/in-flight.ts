import { crc32 } from 'node:zlib';
import { encode } from '../codec/codec.js';
import type { BlobReader } from '../ports/blob-store.js';
import { BlobError } from '../sdk/blob-error.js';
import { damaged, decodeFrom } from './frame.js';

/** Anything of the data model; what the items mean is the worker's affair. */
export type InFlightItem = unknown;

/** An item that is encoded already. */
export class EncodedItem {
  constructor(readonly bytes: Uint8Array) {}
}

/**
 * The in-flight section of a part: items in the order they were given, in blocks of about 64 KiB.
 *
 * A block is `payload length u32 | crc32 u32 | payload`, big endian, its payload a sequence of `item length u32 | item`.
 * The checksum covers the length and the payload, and starts from the checksum of the block before, so that a block which
 * was lost, repeated or moved shows as well. Where the section ends is in the manifest.
 */
const blockHeaderBytes = 8;
const itemHeaderBytes = 4;
const blockPayloadBytes = 64 * 1024 - blockHeaderBytes;
const readBytes = 1024 * 1024;

/**
 * Encodes items, a block at a time, so that the caller can let others run between blocks. No items, no blocks.
 *
 * @throws SF_UNSUPPORTED_VALUE if an item is not of the data model.
 */
export function* encodeInFlight(items: Iterable<InFlightItem | EncodedItem>): Generator<Uint8Array, void, undefined> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let chain = 0;
  for (const item of items) {
    const encoded = item instanceof EncodedItem ? item.bytes : encode(item);
    const itemBytes = itemHeaderBytes + encoded.length;
    if (pendingBytes > 0 && pendingBytes + itemBytes > blockPayloadBytes) {
      const block = buildBlock(pending, pendingBytes, chain);
      chain = checksumIn(block);
      pending = [];
      pendingBytes = 0;
      yield block;
    }
    pending.push(encoded);
    pendingBytes += itemBytes;
  }
  if (pendingBytes > 0) yield buildBlock(pending, pendingBytes, chain);
}

/**
 * Reads a section back, with one request per MiB, holding little more than that in memory.
 *
 * @throws SF_DAMAGED, before the first item of a block that is not as it was written; SF_MISSING_BLOB.
 */
export async function* readInFlight(
  store: BlobReader,
  blob: string,
  offset: number,
  length: number,
): AsyncGenerator<InFlightItem, void, undefined> {
  const window = new ReadWindow(store, blob, offset + length);
  let chain = 0;
  for (let at = offset; at < offset + length; ) {
    const header = await window.read(at, blockHeaderBytes);
    const block = await window.read(at, blockHeaderBytes + readUint32(header, 0));
    if (checksumIn(block) !== checksumOf(block, chain)) throw blockDamage(blob, at);
    chain = checksumIn(block);
    yield* itemsOf(blob, at, block);
    at += block.length;
  }
}

/** All that is wrong with a section: what `readInFlight` throws is the first. Goes on behind a damaged block where it says to end. */
export async function* damageInFlight(
  store: BlobReader,
  blob: string,
  offset: number,
  length: number,
): AsyncGenerator<BlobError, void, undefined> {
  const window = new ReadWindow(store, blob, offset + length);
  let chain = 0;
  try {
    for (let at = offset; at < offset + length; ) {
      const header = await window.read(at, blockHeaderBytes);
      const block = await window.read(at, blockHeaderBytes + readUint32(header, 0));
      if (checksumIn(block) !== checksumOf(block, chain)) yield blockDamage(blob, at);
      chain = checksumIn(block);
      at += block.length;
    }
  } catch (error) {
    if (!(error instanceof BlobError)) throw error;
    yield error; // There is no telling where the next block would begin.
  }
}

function blockDamage(blob: string, at: number): BlobError {
  return damaged(blob, at, 'the checksum of a block of messages in flight does not match');
}

function buildBlock(items: readonly Uint8Array[], payloadBytes: number, chain: number): Uint8Array {
  const block = new Uint8Array(blockHeaderBytes + payloadBytes);
  const view = new DataView(block.buffer);
  view.setUint32(0, payloadBytes);
  let at = blockHeaderBytes;
  for (const item of items) {
    view.setUint32(at, item.length);
    block.set(item, at + itemHeaderBytes);
    at += itemHeaderBytes + item.length;
  }
  view.setUint32(4, checksumOf(block, chain));
  return block;
}

function* itemsOf(blob: string, blockOffset: number, block: Uint8Array): Generator<InFlightItem, void, undefined> {
  for (let at = blockHeaderBytes; at < block.length; ) {
    const from = at + itemHeaderBytes;
    const to = from + readUint32(block, at);
    if (to > block.length)
      throw damaged(blob, blockOffset + at, 'a message in flight reaches over the end of its block');
    yield decodeFrom(blob, blockOffset + from, block.subarray(from, to));
    at = to;
  }
}

/** Serves small reads that go forward from few large ones. */
class ReadWindow {
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;

  constructor(
    readonly store: BlobReader,
    readonly blob: string,
    readonly end: number,
  ) {}

  /** Exactly `length` bytes at `at`. */
  async read(at: number, length: number): Promise<Uint8Array> {
    if (length > this.end - at) {
      throw damaged(this.blob, at, 'a block of messages in flight reaches over the end of its section');
    }
    if (at + length > this.#start + this.#bytes.length) {
      this.#bytes = await this.#fetch(at, Math.min(Math.max(length, readBytes), this.end - at));
      this.#start = at;
    }
    return this.#bytes.subarray(at - this.#start, at - this.#start + length);
  }

  async #fetch(offset: number, length: number): Promise<Uint8Array> {
    const bytes = await this.store.get(this.blob, { offset, length });
    if (bytes === undefined) {
      throw new BlobError(
        'SF_MISSING_BLOB',
        this.blob,
        0,
        `${this.blob}, which holds messages in flight, is gone. Restore the store from a copy, or start from a savepoint.`,
      );
    }
    if (bytes.length !== length) {
      throw damaged(
        this.blob,
        offset + bytes.length,
        `it ends there, and messages in flight reach to ${offset + length}`,
      );
    }
    return bytes;
  }
}

function checksumIn(block: Uint8Array): number {
  return readUint32(block, 4);
}

function checksumOf(block: Uint8Array, chain: number): number {
  return crc32(block.subarray(blockHeaderBytes), crc32(block.subarray(0, 4), chain));
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}
