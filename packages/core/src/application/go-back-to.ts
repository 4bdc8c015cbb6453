import { beginEpoch } from '../checkpoint/recovery.js';
import { findSavepoint } from '../checkpoint/savepoints.js';
import { nodePlatform } from '../node/node-platform.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { Platform } from '../ports/platform.js';
import { randomHex } from '../ports/random.js';

/**
 * Makes an application go on from a savepoint at its next start; what happened since is given up. For one that does not run:
 * the store is opened, and with it a lock taken where it has one, and closed again.
 *
 * The log gets an entry for it and a new log id, so that whatever is published from then on has ids that were never used. Where
 * a store has no lock and the application runs after all, it is fenced: one in a single process ends with SF_FENCED, and the nodes
 * of a cluster go on from the savepoint.
 *
 * @throws SF_UNKNOWN_SAVEPOINT, SF_INVALID_NAME, SF_INCOMPATIBLE, SF_DAMAGED, and nothing has happened; SF_LOCKED
 */
export async function goBackTo(
  store: BlobStore,
  savepoint: string,
  platform: Platform = nodePlatform(),
): Promise<{ readonly checkpoint: number; readonly epoch: number }> {
  const { manifest } = await findSavepoint(store, savepoint);
  await store.open?.();
  try {
    const { log } = await beginEpoch(store, platform, {
      maxParallelism: manifest.settings.maxParallelism,
      savepoint,
      incarnation: randomHex(platform.random, 8),
      checkManifest: async () => {}, // Whether everything is still bound only its modules know: its next start checks that.
    });
    return { checkpoint: manifest.checkpoint, epoch: log.epoch };
  } finally {
    await store.close?.();
  }
}
