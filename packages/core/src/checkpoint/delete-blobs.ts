import type { BlobStore } from '../ports/blob-store.js';

const deletedAtOnce = 16;

/**
 * Deletes blobs, some at once, which share what it takes to make that durable; those named first before the others.
 *
 * @param deleted is told of each that is gone, also if others cannot be deleted.
 * @throws what the store failed with; then nothing behind those that were tried was tried.
 */
export async function deleteBlobs(
  store: BlobStore,
  names: readonly string[],
  deleted: (name: string) => void,
): Promise<void> {
  for (let from = 0; from < names.length; from += deletedAtOnce) {
    const deleting = names.slice(from, from + deletedAtOnce).map(async (name) => {
      await store.delete(name);
      deleted(name);
    });
    const failed = (await Promise.allSettled(deleting)).find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }
}
