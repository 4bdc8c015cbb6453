import type { CheckpointEntry } from '../checkpoint/manifest.js';
import { entryName, listEntries, readEntry } from '../checkpoint/manifest-log.js';
import { readSavepoint } from '../checkpoint/savepoints.js';
import type { BlobStore } from '../ports/blob-store.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { ManifestName } from './directive.js';

/**
 * The manifest that an epoch begins with; `undefined` where there is none yet.
 *
 * @throws SF_MISSING_BLOB if it is gone, or another is there: the epoch that named it is over; SF_DAMAGED, SF_INCOMPATIBLE.
 */
export async function readManifest(
  store: BlobStore,
  base: ManifestName | undefined,
): Promise<CheckpointEntry | undefined> {
  if (base === undefined) return undefined;
  const { index, savepoint, token } = base;
  const manifest =
    savepoint === undefined ? await readCheckpoint(store, index) : (await readSavepoint(store, savepoint))?.manifest;
  if (manifest?.token === token) return manifest;
  throw new StatefulFunctionsError(
    'SF_MISSING_BLOB',
    `the manifest of checkpoint ${base.checkpoint}, ${savepoint ?? entryName(index)}, is gone. Start again, from what is there.`,
  );
}

/**
 * The last checkpoint that was committed before an epoch ended, by its number; 0 for none. Told by the entry with which the next
 * epoch began, which is never deleted.
 *
 * @throws SF_MISSING_BLOB if no later epoch has begun; SF_DAMAGED, SF_INCOMPATIBLE.
 */
export async function lastCheckpointUntilEndOf(store: BlobStore, epoch: number): Promise<number> {
  const indexes = await listEntries(store);
  let from = 0;
  let to = indexes.length;
  // Epochs grow along the log, so that a search by halves finds the first entry of a later one.
  while (from < to) {
    const middle = (from + to) >> 1;
    const entry = await readEntry(store, indexes[middle] as number);
    // What has just been deleted is older than all that stays.
    if (entry === undefined || entry.epoch <= epoch) from = middle + 1;
    else to = middle;
  }
  const index = indexes[from];
  const next = index === undefined ? undefined : await readEntry(store, index);
  if (next?.kind === 'epoch') return next.lastCheckpoint;
  throw new StatefulFunctionsError(
    'SF_MISSING_BLOB',
    `the entry with which the epoch after ${epoch} began is gone. Restore the log from a copy.`,
  );
}

async function readCheckpoint(store: BlobStore, index: number): Promise<CheckpointEntry | undefined> {
  const entry = await readEntry(store, index);
  return entry?.kind === 'checkpoint' ? entry : undefined;
}
