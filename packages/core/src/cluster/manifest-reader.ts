import type { CheckpointEntry, InlinedParts } from '../checkpoint/manifest.js';
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

/** The parts that a manifest of the log holds itself; `undefined` if it is gone. @throws SF_DAMAGED, SF_INCOMPATIBLE */
export async function readInlined(store: BlobStore, index: number): Promise<InlinedParts | undefined> {
  return (await readCheckpoint(store, index))?.inlined;
}

/**
 * The last checkpoint that was committed before an epoch ended, by its number; 0 for none. Told by the entry with which the next
 * epoch began, which is never deleted.
 *
 * **Details** Looks from the newest entry back. Whoever began with an old listing may have left an entry of the same epoch where
 * an older one was deleted, and found out that it had not won; of two, the newer is the one that counts.
 *
 * @throws SF_MISSING_BLOB if no later epoch has begun; SF_DAMAGED, SF_INCOMPATIBLE.
 */
export async function lastCheckpointUntilEndOf(store: BlobStore, epoch: number): Promise<number> {
  for (const index of (await listEntries(store)).reverse()) {
    const entry = await readEntry(store, index);
    if (entry?.kind === 'epoch' && entry.epoch === epoch + 1) return entry.lastCheckpoint;
    if (entry !== undefined && entry.epoch <= epoch) break;
  }
  throw new StatefulFunctionsError(
    'SF_MISSING_BLOB',
    `the entry with which the epoch after ${epoch} began is gone. Restore the log from a copy.`,
  );
}

async function readCheckpoint(store: BlobStore, index: number): Promise<CheckpointEntry | undefined> {
  const entry = await readEntry(store, index);
  return entry?.kind === 'checkpoint' ? entry : undefined;
}
