import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type BlobStore, FileBlobStore, nodePlatform, StatefulFunctionsError } from '@stateful-functions/core';
import { optionalPackage } from './optional-package.js';

/** Whether checkpoints are in a folder; otherwise they are on S3. */
export function isFolder(where: string): boolean {
  return !where.startsWith('s3://');
}

/** The store that `--checkpoints` names, a folder or `s3://bucket/prefix`; not opened, so that it can be read while it is in use. */
export async function storeAt(where: string): Promise<BlobStore> {
  if (isFolder(where)) return folder(where);
  const { S3BlobStore } = await optionalPackage(
    '@stateful-functions/s3-checkpoint',
    'a store on S3',
    () => import('@stateful-functions/s3-checkpoint'),
  );
  return S3BlobStore.fromUrl(where);
}

/** As `storeAt`, for a store that has to be there already. @throws SF_UNKNOWN_CHECKPOINT */
export async function existingStoreAt(where: string): Promise<BlobStore> {
  if (!isFolder(where) || existsSync(where)) return storeAt(where);
  throw new StatefulFunctionsError(
    'SF_UNKNOWN_CHECKPOINT',
    `there is no folder ${where}. Say with --checkpoints where the checkpoints are.`,
  );
}

/** A store that several nodes share; for a folder, on one machine. */
export async function sharedStoreAt(where: string): Promise<BlobStore> {
  return isFolder(where) ? folder(where).shared() : storeAt(where);
}

/**
 * Removes a folder of checkpoints, if it is there, and with it all state.
 *
 * @throws SF_INVALID_OPTION for anything but such a folder; SF_LOCKED while an application uses it
 */
export async function removeStore(where: string): Promise<void> {
  if (!isFolder(where)) throw notRemovable(`${where} is no folder`);
  if (!existsSync(where)) return;
  const names = readdirSync(where);
  if (names.length > 0 && !names.includes('blobs'))
    throw notRemovable(`${where} holds something else than checkpoints`);
  const store = folder(where);
  await store.open(); // For its lock.
  try {
    await rm(where, { recursive: true });
  } finally {
    await store.close();
  }
}

function notRemovable(why: string): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_INVALID_OPTION', `${why}, so it is not removed. Remove it by hand.`);
}

function folder(directory: string): FileBlobStore {
  const { files, random } = nodePlatform();
  return new FileBlobStore(files, random, directory);
}
