import { type CheckpointEntry, decodeEntry } from '../checkpoint/manifest.js';
import { entryName } from '../checkpoint/manifest-log.js';
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
    savepoint === undefined ? await readEntry(store, index) : (await readSavepoint(store, savepoint))?.manifest;
  if (manifest?.token === token) return manifest;
  throw new StatefulFunctionsError(
    'SF_MISSING_BLOB',
    `the manifest of checkpoint ${base.checkpoint}, ${savepoint ?? entryName(index)}, is gone. Start again, from what is there.`,
  );
}

async function readEntry(store: BlobStore, index: number): Promise<CheckpointEntry | undefined> {
  const name = entryName(index);
  const bytes = await store.get(name);
  const entry = bytes === undefined ? undefined : decodeEntry(name, bytes);
  return entry?.kind === 'checkpoint' ? entry : undefined;
}
