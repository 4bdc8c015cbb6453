import type { BlobStore } from '../ports/blob-store.js';
import { BlobError } from '../sdk/blob-error.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { SegmentRef } from '../state/segment.js';
import { AddressPattern } from './address-pattern.js';
import { damageOfLog, damageOfManifest, SeenStretches } from './archive-damage.js';
import {
  blobsOf,
  type CheckpointEntry,
  type EgressProgress,
  type FixedSettings,
  type IngressProgress,
  isBase,
  type LogEntry,
  type PartRef,
} from './manifest.js';
import { listEntries, readEntry } from './manifest-log.js';
import { storeFormat } from './recovery.js';
import { findSavepoint, listSavepoints, readSavepoint } from './savepoints.js';
import { type AddressState, readState } from './stored-state.js';

/** A checkpoint by its number, or a savepoint by its name. After going back to a savepoint numbers come again: the newer is meant. */
export type CheckpointChoice = number | { readonly savepoint: string };

/** A checkpoint or savepoint, in a line. */
export interface CheckpointSummary {
  /** Grows with each attempt, so that there are gaps. */
  readonly checkpoint: number;
  /** The name under which a user keeps it. */
  readonly savepoint?: string;
  /** The place of its manifest in the log. That of a savepoint may be gone from there. */
  readonly index: number;
  readonly epoch: number;
  /** Wall-clock time at which it was committed, or the savepoint made. */
  readonly timeMs: number;
  /** What handlers would have been told the time was. */
  readonly applicationTimeMs: number;
  readonly segments: number;
  /** Of all segments and all that was in flight. Checkpoints share segments, so sums count them twice. */
  readonly bytes: number;
  /** How many workers had something in flight. */
  readonly inFlightParts: number;
}

/** All that a manifest says of a checkpoint. */
export interface CheckpointDetails extends CheckpointSummary {
  readonly logId: string;
  readonly settings: FixedSettings;
  /** Newest first. */
  readonly segmentRefs: readonly SegmentRef[];
  readonly parts: readonly PartRef[];
  /** How far ingresses were read. */
  readonly ingresses: Readonly<Record<string, IngressProgress>>;
  /** How far egresses were known to be published. */
  readonly egresses: Readonly<Record<string, EgressProgress>>;
}

interface Found {
  readonly manifest: CheckpointEntry;
  readonly savepoint?: { readonly name: string; readonly timeMs: number };
}

/**
 * Reads what is in a checkpoint store, whether or not an application runs on it, and without the application's classes.
 *
 * It writes nothing and takes no lock. `open` of the store is not called.
 *
 * **Details**
 * What a store holds is stored data, not what handlers see. Instances of `@Serializable` classes have their fields and the
 * class's name as string tag, but no methods. Fields are there under their stored names, at the version at which they were
 * written; `migrate` and initial values belong to the class and are not applied. See `FieldState` on times to live.
 *
 * **Gotchas**
 * A running application deletes old checkpoints. One that goes while it is read ends the reading with SF_UNKNOWN_CHECKPOINT;
 * a savepoint stays.
 */
export class CheckpointArchive {
  readonly #store: BlobStore;

  constructor(store: BlobStore) {
    this.#store = store;
  }

  /** All checkpoints that the log has, oldest first, then all savepoints by name. @throws SF_DAMAGED, SF_INCOMPATIBLE */
  async list(): Promise<CheckpointSummary[]> {
    const all: Found[] = [];
    for (const index of await listEntries(this.#store)) {
      const entry = await readEntry(this.#store, index);
      if (entry?.kind === 'checkpoint') all.push({ manifest: entry });
    }
    for (const name of await listSavepoints(this.#store)) {
      const savepoint = await readSavepoint(this.#store, name);
      if (savepoint !== undefined) all.push({ manifest: savepoint.manifest, savepoint });
    }
    return all.map(summaryOf);
  }

  /**
   * One checkpoint; without a choice the one that the next start would go on from.
   *
   * @throws SF_UNKNOWN_CHECKPOINT, SF_UNKNOWN_SAVEPOINT, SF_INVALID_NAME, SF_DAMAGED, SF_INCOMPATIBLE
   */
  async details(choice?: CheckpointChoice): Promise<CheckpointDetails> {
    const found = await this.#find(choice);
    const { logId, settings, segments, parts, ingresses, egresses } = found.manifest;
    return { ...summaryOf(found), logId, settings, segmentRefs: segments, parts, ingresses, egresses };
  }

  /**
   * Compares every checksum with what is stored, and gives all that is damaged or gone. Without a choice it looks at the log, at
   * each checkpoint in it, and at each savepoint; else at what this one refers to.
   *
   * @throws SF_INCOMPATIBLE; and for a choice what `details` throws.
   */
  async *damage(choice?: CheckpointChoice): AsyncGenerator<BlobError, void, undefined> {
    const manifests: CheckpointEntry[] = [];
    if (choice !== undefined) manifests.push((await this.#find(choice)).manifest);
    else yield* damageOfLog(this.#store, (manifest) => manifests.push(manifest));
    const seen = new SeenStretches();
    for (const manifest of manifests.reverse()) {
      for await (const error of damageOfManifest(this.#store, manifest, seen)) {
        if (error.code !== 'SF_MISSING_BLOB' || (await this.#isNeeded(error.blob))) yield error;
        // What was deleted along with its checkpoint is not missing, but then there is nothing to say of that checkpoint either.
        else if (choice !== undefined) throw deletedMeanwhile(manifest, error);
      }
    }
  }

  /**
   * The stored state of all addresses that match `namespace/name/id`, with `*` for any characters: see `AddressPattern`.
   *
   * @throws SF_INVALID_NAME, SF_UNKNOWN_CHECKPOINT, SF_UNKNOWN_SAVEPOINT, SF_DAMAGED, SF_MISSING_BLOB, SF_INCOMPATIBLE
   */
  async *state(pattern: string, choice?: CheckpointChoice): AsyncGenerator<AddressState, void, undefined> {
    const parsed = AddressPattern.parse(pattern);
    const { manifest } = await this.#find(choice);
    if (manifest.settings.format !== storeFormat) {
      throw new StatefulFunctionsError(
        'SF_INCOMPATIBLE',
        `the store is of format ${manifest.settings.format}, and this version reads ${storeFormat}. Use the version that wrote it.`,
      );
    }
    try {
      yield* readState(this.#store, manifest, parsed);
    } catch (error) {
      const isGone = error instanceof BlobError && error.code === 'SF_MISSING_BLOB';
      if (isGone && !(await this.#isNeeded(error.blob))) throw deletedMeanwhile(manifest, error);
      throw error;
    }
  }

  async #find(choice: CheckpointChoice | undefined): Promise<Found> {
    if (typeof choice === 'object') {
      const savepoint = await findSavepoint(this.#store, choice.savepoint);
      return { manifest: savepoint.manifest, savepoint };
    }
    const numbers: number[] = [];
    for (const index of (await listEntries(this.#store)).reverse()) {
      const entry = await readEntry(this.#store, index);
      if (choice === undefined && entry !== undefined && isBase(entry)) return this.#baseOf(entry);
      if (entry?.kind !== 'checkpoint') continue;
      if (entry.checkpoint === choice) return { manifest: entry };
      numbers.push(entry.checkpoint);
    }
    throw unknown(choice, numbers);
  }

  async #baseOf(base: Extract<LogEntry, { kind: 'checkpoint' | 'restore' }>): Promise<Found> {
    return base.kind === 'checkpoint' ? { manifest: base } : this.#find({ savepoint: base.savepoint });
  }

  /** Whether a checkpoint or savepoint that is still there needs a blob. */
  async #isNeeded(blob: string): Promise<boolean> {
    let isNeeded = false;
    const check = (manifest: CheckpointEntry) => {
      isNeeded ||= blobsOf(manifest).has(blob);
    };
    for await (const _damage of damageOfLog(this.#store, check)); // Told where the log is looked through.
    return isNeeded;
  }
}

function summaryOf({ manifest, savepoint }: Found): CheckpointSummary {
  const { checkpoint, index, epoch, applicationTimeMs, segments, parts } = manifest;
  return {
    checkpoint,
    ...(savepoint === undefined ? {} : { savepoint: savepoint.name }),
    index,
    epoch,
    timeMs: savepoint?.timeMs ?? manifest.timeMs,
    applicationTimeMs,
    segments: segments.length,
    bytes: [...segments, ...parts].reduce((sum, { length }) => sum + length, 0),
    inFlightParts: parts.length,
  };
}

function unknown(choice: number | undefined, numbers: readonly number[]): StatefulFunctionsError {
  if (choice === undefined) {
    return new StatefulFunctionsError(
      'SF_UNKNOWN_CHECKPOINT',
      'the store has no checkpoint. See that it is the right one, and that an application has run on it.',
    );
  }
  const known = numbers.length === 0 ? 'there are none' : `there are ${[...numbers].reverse().join(', ')}`;
  return new StatefulFunctionsError(
    'SF_UNKNOWN_CHECKPOINT',
    `there is no checkpoint ${choice}; ${known}. Name one of them, or a savepoint.`,
  );
}

function deletedMeanwhile({ checkpoint }: CheckpointEntry, cause: unknown): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_UNKNOWN_CHECKPOINT',
    `checkpoint ${checkpoint} was deleted while it was read, since newer ones came. Read again, or make a savepoint and read that.`,
    { cause },
  );
}
