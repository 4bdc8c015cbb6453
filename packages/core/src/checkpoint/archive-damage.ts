import type { BlobReader, BlobStore } from '../ports/blob-store.js';
import { BlobError } from '../sdk/blob-error.js';
import { BlockCache } from '../state/block-cache.js';
import { Segment, type SegmentRef } from '../state/segment.js';
import { damaged } from './frame.js';
import { damageInFlight } from './in-flight.js';
import { type CheckpointEntry, isBase, type LogEntry, type PartRef } from './manifest.js';
import { checkFirst, checkFollows, entryName, listEntries, readEntry } from './manifest-log.js';
import { PartReader } from './part-reader.js';
import { listSavepoints, readSavepoint } from './savepoints.js';

/** Stretches that several checkpoints share, and that need no second look. */
export class SeenStretches {
  readonly #seen = new Set<string>();

  /** Whether this is the first time. */
  add({ blob, ...stretch }: SegmentRef | PartRef): boolean {
    const name = `${blob} ${'offset' in stretch ? stretch.offset : ''} ${stretch.length}`;
    if (this.#seen.has(name)) return false;
    this.#seen.add(name);
    return true;
  }
}

/** All damage to what a manifest refers to: every block of each segment, and every message in flight. */
export async function* damageOfManifest(
  store: BlobStore,
  manifest: Pick<CheckpointEntry, 'segments' | 'parts' | 'inlined'>,
  seen: SeenStretches = new SeenStretches(),
): AsyncGenerator<BlobError, void, undefined> {
  // What a manifest holds itself is sound if the manifest is.
  const reader = PartReader.of(store, manifest);
  for (const ref of manifest.segments) if (seen.add(ref)) yield* damageOfSegment(reader, ref);
  for (const part of manifest.parts) {
    if (seen.add(part)) yield* damageInFlight(reader, part.blob, part.offset, part.length);
  }
}

/** All damage to the entries of the log and to savepoints as such; those that are sound go to `found`. */
export async function* damageOfLog(
  store: BlobStore,
  found: (manifest: CheckpointEntry) => void,
): AsyncGenerator<BlobError, void, undefined> {
  const { damage, entries } = await readLog(store);
  yield* damage;
  for (const entry of entries) if (entry.kind === 'checkpoint') found(entry);
  for (const name of await listSavepoints(store)) {
    try {
      const savepoint = await readSavepoint(store, name);
      if (savepoint !== undefined) found(savepoint.manifest);
    } catch (error) {
      yield blobError(error);
    }
  }
}

async function* damageOfSegment(store: BlobReader, ref: SegmentRef): AsyncGenerator<BlobError, void, undefined> {
  try {
    // The checksums of its blocks are in its footer; without that, there is nothing to compare them with.
    const segment = await Segment.open(store, ref, new BlockCache(1));
    yield* segment.damage();
  } catch (error) {
    yield blobError(error);
  }
}

/** Reads the log as it is at one time, though a running application adds to it and deletes from it. */
async function readLog(store: BlobStore): Promise<{ entries: LogEntry[]; damage: BlobError[] }> {
  for (let newestBefore: number | undefined; ; ) {
    const indexes = await listEntries(store);
    const newest = indexes.at(-1);
    const log = await readEntries(store, indexes);
    // What is missing may have been deleted behind our back, but only once there was a newer checkpoint.
    if (!log.isMissing || newest === newestBefore) return log;
    newestBefore = newest;
  }
}

async function readEntries(store: BlobStore, indexes: readonly number[]) {
  const entries: LogEntry[] = [];
  const damage: BlobError[] = [];
  const bad = new Set<number>();
  for (const index of indexes) {
    try {
      const entry = await readEntry(store, index);
      if (entry !== undefined) entries.push(entry);
    } catch (error) {
      damage.push(blobError(error));
      bad.add(index);
    }
  }
  for (const [at, entry] of entries.entries()) {
    const before = entries[at - 1];
    try {
      if (entry.index === 1) checkFirst(entry);
      if (before?.index === entry.index - 1) checkFollows(before, entry);
    } catch (error) {
      damage.push(blobError(error));
    }
  }
  const missing = missingIn(entries, bad);
  for (const index of missing) {
    damage.push(damaged(entryName(index), 0, 'it is missing, though later entries of the log need it'));
  }
  return { entries, damage, isMissing: missing.length > 0 };
}

/** Entries that are gone between the newest one and the checkpoint or restore that it goes on from. */
function missingIn(entries: readonly LogEntry[], bad: ReadonlySet<number>): number[] {
  const byIndex = new Map(entries.map((entry) => [entry.index, entry]));
  const missing: number[] = [];
  for (let index = entries.at(-1)?.index ?? 0; index >= 1; index -= 1) {
    const entry = byIndex.get(index);
    if (entry !== undefined && isBase(entry)) break;
    if (entry === undefined && !bad.has(index)) missing.push(index);
  }
  return missing;
}

/** @throws what is no damage */
function blobError(error: unknown): BlobError {
  if (error instanceof BlobError) return error;
  throw error;
}
