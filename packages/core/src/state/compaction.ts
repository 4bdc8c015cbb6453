import type { BlobStore } from '../ports/blob-store.js';
import { BlockCache } from './block-cache.js';
import type { Entry } from './entry.js';
import { ownerOf } from './key.js';
import { mergeEntries } from './merge.js';
import { Segment, type SegmentRef } from './segment.js';
import { SegmentWriter } from './segment-writer.js';

/** So many neighbours of about one size are merged into one. */
const fanIn = 4;
/** Of about one size: none is larger than this many times the smallest. */
const sizeRatio = 4;
/** Segments smaller than this count as this large. */
const leastBytes = 64 * 1024;
/** More live segments than this are too many to search, whatever their sizes. */
const mostSegments = 24;

/**
 * Picks neighbours to merge: size-tiered, as in Cassandra, but only among neighbours in age, so that the list stays ordered
 * newest first. The youngest run of at least four of about one size is taken.
 */
export function pickCompaction(refs: readonly SegmentRef[]): { from: number; count: number } | undefined {
  for (let from = 0; from + fanIn <= refs.length; from += 1) {
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    let count = 0;
    for (let at = from; at < refs.length; at += 1) {
      const size = Math.max(leastBytes, (refs[at] as SegmentRef).length);
      if (Math.max(most, size) > sizeRatio * Math.min(least, size)) break;
      least = Math.min(least, size);
      most = Math.max(most, size);
      count += 1;
    }
    if (count >= fanIn) return { from, count };
  }
  return refs.length > mostSegments ? { from: 0, count: refs.length >> 1 } : undefined;
}

export interface CompactionOptions {
  /** Whether the inputs include the oldest segment, so that nothing older can show through. */
  readonly bottom: boolean;
  /** Application time of the manifest that the inputs are from: what has expired by then is dropped. */
  readonly nowMs: number;
  readonly blobName: string;
  /** Lets others run. */
  readonly yield: () => Promise<void>;
  /** Whether an entry of a map or list is dead, judged by the newest record of its address among the inputs. */
  readonly isGarbage: (owner: Entry | undefined, entry: Entry) => boolean;
}

const entriesPerSlice = 512;

/**
 * Merges neighbouring segments, newest first, into a new one.
 *
 * Deleted and expired entries leave nothing behind only at the bottom; elsewhere a tombstone stays, or what they hide in
 * older segments would be back.
 *
 * @returns the new segment, or `undefined` when nothing is left.
 */
export async function compact(store: BlobStore, inputs: readonly SegmentRef[], options: CompactionOptions): Promise<SegmentRef | undefined> {
  const cache = new BlockCache(1024 * 1024);
  const runs: AsyncIterator<Entry>[] = [];
  for (const ref of inputs) runs.push((await Segment.open(store, ref, cache)).scan(new Uint8Array(0), undefined));
  const writer = new SegmentWriter(options.blobName);
  let ref: SegmentRef | undefined;
  const body = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    let count = 0;
    for await (const entry of surviving(runs, options)) {
      writer.add(entry);
      if (++count % entriesPerSlice !== 0) continue;
      yield* writer.takeChunks();
      await options.yield();
    }
    const finished = writer.finish();
    ref = finished?.ref;
    if (finished !== undefined) yield* finished.chunks;
  };
  const created = await store.put(options.blobName, body());
  if (!created) throw new Error(`the new blob ${options.blobName} exists already`);
  return ref;
}

async function* surviving(runs: AsyncIterator<Entry>[], options: CompactionOptions): AsyncGenerator<Entry, void, undefined> {
  let record: Entry | undefined;
  for await (const entry of mergeEntries(runs)) {
    const owner = ownerOf(entry.key);
    if (owner === undefined) record = entry;
    else {
      const isOwned = record !== undefined && Buffer.compare(record.key, owner) === 0;
      if (isOwned && options.isGarbage(record, entry)) {
        if (!options.bottom) yield { key: entry.key, value: undefined };
        continue;
      }
    }
    const isGone = entry.value === undefined || (entry.expiresAtMs !== undefined && entry.expiresAtMs <= options.nowMs);
    if (!isGone) yield entry;
    else if (!options.bottom) yield { key: entry.key, value: undefined };
  }
}
