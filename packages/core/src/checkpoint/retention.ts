import type { BlobStore } from '../ports/blob-store.js';
import { invariant, StatefulFunctionsError } from '../sdk/errors.js';
import { deleteBlobs } from './delete-blobs.js';
import { blobsOf, type CheckpointEntry } from './manifest.js';
import type { ManifestLog } from './manifest-log.js';
import { epochOfPart, partPrefix } from './part-name.js';
import type { Savepoints } from './savepoints.js';

export interface RetentionOptions {
  /** How many manifests stay, with all they refer to; at least 1, and 3 by default. */
  readonly keep?: number;
}

/**
 * Deletes what no checkpoint or savepoint needs any more.
 *
 * Invariants:
 * - A deleted blob is in no retained manifest and in no savepoint.
 * - Manifests go before the blobs that only they refer to: a crash in between leaves blobs too many, never too few.
 * - A blob of the running epoch goes only if a committed manifest condemned it or its attempt was discarded: what is merely
 *   not referred to may be part of the next checkpoint.
 *
 * Deleting is never urgent. When a call fails, nothing is wrong but that garbage is left; the next call goes on with it.
 */
export class Retention {
  readonly #store: BlobStore;
  readonly #log: ManifestLog;
  readonly #savepoints: Savepoints;
  readonly #keep: number;
  /** Blobs that may go as soon as nothing retained refers to them. */
  readonly #candidates = new Set<string>();
  /** The newest manifest whose condemned blobs are among the candidates. */
  #seen = 0;
  #turns: Promise<unknown> = Promise.resolve();

  constructor(store: BlobStore, log: ManifestLog, savepoints: Savepoints, { keep = 3 }: RetentionOptions = {}) {
    if (!Number.isSafeInteger(keep) || keep < 1) {
      throw new StatefulFunctionsError('SF_INVALID_OPTION', `keep is ${keep}; set it to a whole number of at least 1.`);
    }
    this.#store = store;
    this.#log = log;
    this.#savepoints = savepoints;
    this.#keep = keep;
  }

  /** Gives up the blobs of an attempt that is settled: its manifest was never sent, or is not the one that was committed. */
  discard(blobs: Iterable<string>): void {
    for (const blob of blobs) this.#candidates.add(blob);
  }

  /**
   * Deletes manifests beyond the newest `keep`, and the blobs that were condemned and are not needed any more. Call it after
   * a checkpoint. Calls queue up: that of an epoch may be under way when the next has begun.
   *
   * `readFrom` is the index of the oldest manifest that a worker still reads from; it and all later ones stay.
   */
  collect(readFrom = Number.POSITIVE_INFINITY): Promise<void> {
    return this.#inTurn(() => this.#collect(readFrom));
  }

  async #collect(readFrom: number): Promise<void> {
    await this.#savepoints.finish();
    const manifests = (await this.#log.entries()).filter((entry) => entry.kind === 'checkpoint');
    for (const manifest of manifests) {
      if (manifest.index > this.#seen) this.discard(manifest.condemned);
    }
    this.#seen = manifests.at(-1)?.index ?? this.#seen;
    const firstKept = Math.min(this.#firstKept(manifests), readFrom, this.#savepoints.oldestInMaking);
    await this.#log.trim(firstKept);
    await this.#deleteCandidates(manifests.filter(({ index }) => index >= firstKept));
  }

  /**
   * Finds what earlier epochs left: blobs of checkpoints that never came to be, and condemned ones that were not deleted in
   * time. Lists all blobs, so call it once, some time after the epoch began. Deletes them with the next `collect`.
   *
   * A `collect` that is under way does not know what has been committed since, so what this finds is not for that one.
   */
  async sweep(): Promise<void> {
    const { epoch } = this.#log;
    invariant(this.#log.hasBegun, 'blobs of earlier epochs were swept before a new one began');
    await this.#inTurn(async () => {
      for (const blob of await this.#store.list(partPrefix)) {
        const madeIn = epochOfPart(blob);
        if (madeIn !== undefined && madeIn < epoch) this.#candidates.add(blob);
      }
    });
  }

  /** One after the other. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turns.then(work);
    this.#turns = done.catch(() => undefined); // Whoever called is told.
    return done;
  }

  /** The index of the oldest manifest to keep, which is never newer than what recovery starts from. */
  #firstKept(manifests: readonly CheckpointEntry[]): number {
    const oldest = manifests.at(-this.#keep) ?? manifests[0];
    return Math.min(oldest?.index ?? 0, this.#log.base?.index ?? 0);
  }

  async #deleteCandidates(retained: readonly CheckpointEntry[]): Promise<void> {
    const needed = new Set<string>();
    for (const manifest of [...retained, ...this.#savepoints.pinned()]) {
      for (const blob of blobsOf(manifest)) needed.add(blob);
    }
    const unneeded = [...this.#candidates].filter((blob) => !needed.has(blob));
    await deleteBlobs(this.#store, unneeded, (blob) => void this.#candidates.delete(blob));
  }
}
