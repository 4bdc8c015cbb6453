import type { BlobReader } from '../ports/blob-store.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { BlockCache } from './block-cache.js';
import type { Entry } from './entry.js';
import { recordEnd, startsWith } from './key.js';
import { MergeCursor } from './merge-cursor.js';
import { Segment, type SegmentRef } from './segment.js';
import { SegmentCursor } from './segment-cursor.js';
import { SegmentWriter } from './segment-writer.js';

/** So many are merged at once: each costs a buffer of `readAheadBytes`. */
const maxRun = 32;
/** How much larger than the run so far the next older segment may be. */
const maxGrowth = 1.5;
const readAheadBytes = 256 * 1024;
/** Bytes merged between two turns of the event loop: about a block. */
const sliceBytes = 16 * 1024;

export interface CompactionLimits {
  /** So many segments of about one size are worth merging. */
  readonly minRun: number;
  /** A smaller segment counts as this large: it costs a request rather than bytes. */
  readonly floorBytes: number;
}

export const defaultCompaction: CompactionLimits = { minRun: 4, floorBytes: 64 * 1024 };

/**
 * Which segments to merge, as a run of `refs`, which come newest first; `undefined` when it is not worth it.
 *
 * Size-tiered: a run grows while the next older segment is not much larger than the run so far, so how often an entry is
 * rewritten grows with the logarithm of the state's size. Only neighbours in age are merged; otherwise an older version of a key could
 * come to hide a newer one.
 */
export function pickCompaction(
  refs: readonly SegmentRef[],
  { minRun, floorBytes }: CompactionLimits = defaultCompaction,
): { from: number; count: number } | undefined {
  const sizeOf = (ref: SegmentRef | undefined) => Math.max(floorBytes, ref?.length ?? 0);
  for (let from = 0; from + minRun <= refs.length; from += 1) {
    let bytes = sizeOf(refs[from]);
    let count = 1;
    while (count < maxRun && from + count < refs.length && sizeOf(refs[from + count]) <= bytes * maxGrowth) {
      bytes += sizeOf(refs[from + count]);
      count += 1;
    }
    if (count >= minRun) return { from, count };
  }
  return undefined;
}

/** Where inputs are read and the output is put. */
export interface CompactionStore extends BlobReader {
  put(name: string, body: AsyncIterable<Uint8Array>): Promise<boolean>;
}

export interface CompactionOptions {
  /** Whether the oldest live segment is among the inputs, so that nothing is left for a tombstone to hide. */
  readonly bottom: boolean;
  /** The application time of the manifest that the inputs are from, to judge what has expired. */
  readonly nowMs: number;
  /** Name of the blob to make. */
  readonly blobName: string;
  /** Lets the event loop turn; called after every block's worth of bytes. */
  readonly yield: () => Promise<void>;
  /**
   * Whether an entry of a map or list is of a generation that can never be read again. `ownerRecord` is the newest version
   * among the inputs of the record it belongs to; `undefined` when they hold none.
   */
  isGarbage(ownerRecord: Entry | undefined, entry: Entry): boolean;
}

/**
 * Merges segments that are neighbours in age, newest first, into one; `undefined` when nothing is left of them.
 *
 * Of each key the newest version stays. Removed and expired entries go when `bottom`; otherwise they stay as tombstones, since
 * an older segment may hold what they hide. Garbage goes in any case: older versions of it are out of reach as well.
 * Memory does not grow with the size of the inputs.
 *
 * @throws SF_MISSING_BLOB
 * @throws SF_DAMAGED
 * @throws SF_STORAGE when the new blob's name is taken.
 */
export async function compact(
  store: CompactionStore,
  inputs: readonly SegmentRef[],
  options: CompactionOptions,
): Promise<SegmentRef | undefined> {
  const cache = new BlockCache(1); // Blocks are read past it.
  const segments = await Promise.all(inputs.map((ref) => Segment.open(store, ref, cache)));
  const merge = new MergeCursor(segments.map((segment) => new SegmentCursor(segment, { readAheadBytes })));
  const writer = new SegmentWriter(options.blobName);
  for (const { timerTypes = [] } of inputs) for (const type of timerTypes) writer.noteTimersFor(type);
  let ref: SegmentRef | undefined;
  const chunks = mergedChunks(merge, writer, options, (written) => {
    ref = written;
  });
  const first = await chunks.next();
  if (first.done === true) return undefined;
  const created = await store.put(options.blobName, following(first.value, chunks));
  if (ref !== undefined && (created || (await isThere(store, ref)))) return ref;
  throw new StatefulFunctionsError('SF_STORAGE', `the new blob ${options.blobName} holds something else already.`);
}

/** The bytes of the merged segment; none when nothing survives. */
async function* mergedChunks(
  merge: MergeCursor,
  writer: SegmentWriter,
  options: CompactionOptions,
  finished: (ref: SegmentRef) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const survival = new Survival(options);
  let bytes = 0;
  for (;;) {
    const moved = merge.next();
    if (!(typeof moved === 'boolean' ? moved : await moved)) break;
    const entry = merge.entry.entry();
    const survivor = survival.of(entry);
    if (survivor !== undefined) writer.add(survivor);
    bytes += entry.key.length + (entry.value?.length ?? 0);
    if (bytes < sliceBytes) continue;
    bytes = 0;
    yield* writer.takeChunks();
    await options.yield();
  }
  if (writer.entries === 0) return;
  await writer.prepareFinish(options.yield);
  const { ref, chunks } = writer.finish();
  finished(ref);
  yield* chunks;
}

/** Decides what of the newest versions stays. They come in the order of their keys, so a record before its entries. */
class Survival {
  #record: Entry | undefined;

  constructor(readonly options: CompactionOptions) {}

  /** What to store of an entry: itself, a tombstone in its place, or nothing. */
  of(entry: Entry): Entry | undefined {
    const { bottom, nowMs } = this.options;
    const isExpired = entry.expiresAtMs !== undefined && entry.expiresAtMs <= nowMs;
    const current: Entry = isExpired ? { key: entry.key, value: undefined } : entry;
    if (this.#isGarbage(current)) return undefined;
    return bottom && current.value === undefined ? undefined : current;
  }

  #isGarbage(entry: Entry): boolean {
    const { key } = entry;
    const record = this.#record;
    if (record !== undefined && startsWith(key, record.key)) {
      return record.value === undefined || this.options.isGarbage(record, entry);
    }
    const end = recordEnd(key);
    this.#record = end === key.length ? entry : undefined;
    return end > 0 && end < key.length && this.options.isGarbage(undefined, entry);
  }
}

async function* following(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield first;
  yield* rest;
}

/** Whether the blob holds this very segment: then an earlier attempt of the same put got through. */
async function isThere(store: BlobReader, ref: SegmentRef): Promise<boolean> {
  try {
    await Segment.open(store, ref, new BlockCache(1));
    return true;
  } catch (error) {
    if (error instanceof StatefulFunctionsError && error.code === 'SF_DAMAGED') return false;
    throw error;
  }
}
