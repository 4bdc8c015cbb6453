/** A half-open range of bytes: from `offset`, `length` long. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Immutable named blobs: all that checkpoints need of storage.
 *
 * A blob is created once, whole, and never replaced: `put` is put-if-absent, which is what makes the manifest log a fence.
 * Names are `/`-separated ASCII segments of `[A-Za-z0-9._-]`, none of them `.` or `..`, at most 512 characters.
 *
 * **Details**
 * - `put` resolves only when the blob is durable under its name. When it *rejects*, the outcome is unknown: the blob may exist.
 *   Only a `NotStoredError` says that it does not.
 * - A blob becomes visible whole or not at all. Reads see every `put` that resolved before they began.
 *
 * Every implementation passes `blobStoreConformance` of `@stateful-functions/core/testing`.
 */
export interface BlobStore {
  /** Creates a blob; resolves `false`, and changes nothing, when the name is taken. */
  put(name: string, body: BlobBody): Promise<boolean>;
  /** The blob's bytes, or those of `range` cut at its end; `undefined` when there is no such blob. The bytes are the caller's. */
  get(name: string, range?: ByteRange): Promise<Uint8Array | undefined>;
  /** Names that begin with `prefix`, in ascending order of their UTF-16 code units. */
  list(prefix: string): Promise<string[]>;
  /** Removes a blob; succeeds when there is none. */
  delete(name: string): Promise<void>;
  /** Takes what makes this process the store's only user, where the medium can tell; called once before anything else. */
  open?(): Promise<void>;
  /** Releases what `open` took. */
  close?(): Promise<void>;
}

/** What reads blobs and makes none. */
export type BlobReader = Pick<BlobStore, 'get'>;

/** A blob's content: at once, or in pieces for a large one. Pieces are consumed in order and once. */
export type BlobBody = Uint8Array | AsyncIterable<Uint8Array>;
