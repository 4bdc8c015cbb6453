import type { BlobBody, BlobStore, ByteRange } from '../ports/blob-store.js';
import { checkByteRange, piecesOf } from './blob-body.js';
import { checkBlobName, checkBlobPrefix } from './blob-name.js';

/**
 * A blob store in this process's memory: for tests, and for applications whose state may die with them.
 *
 * Bytes are copied on the way in and on the way out, so nobody can change a blob that exists.
 */
export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, Uint8Array>();

  async put(name: string, body: BlobBody): Promise<boolean> {
    checkBlobName(name);
    const pieces: Uint8Array[] = [];
    for await (const piece of piecesOf(body)) pieces.push(piece.slice());
    // From here to the end nothing is awaited: that makes it put-if-absent.
    if (this.#blobs.has(name)) return false;
    this.#blobs.set(name, new Uint8Array(Buffer.concat(pieces)));
    return true;
  }

  async get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    checkBlobName(name);
    if (range !== undefined) checkByteRange(range);
    const blob = this.#blobs.get(name);
    return range === undefined ? blob?.slice() : blob?.slice(range.offset, range.offset + range.length);
  }

  async list(prefix: string): Promise<string[]> {
    checkBlobPrefix(prefix);
    return [...this.#blobs.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  async delete(name: string): Promise<void> {
    checkBlobName(name);
    this.#blobs.delete(name);
  }
}
