import type { BlobStore } from '../ports/blob-store.js';
import type { Logger } from '../ports/logger.js';
import type { Metrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import { nextTurn, type Scheduled } from '../ports/scheduler.js';
import { asError, invariant, isPassingStorageFailure, StatefulFunctionsError } from '../sdk/errors.js';
import { NotStoredError } from '../sdk/not-stored-error.js';
import { type CompactionLimits, compact, defaultCompaction, pickCompaction } from '../state/compaction.js';
import { garbageTest } from '../state/garbage.js';
import type { SegmentRef } from '../state/segment.js';
import type { SegmentSet } from '../state/segment-set.js';
import type { ShapeTable } from '../state/shape.js';
import {
  type CheckpointEntry,
  condemnedBy,
  type EgressProgress,
  type EntryHeader,
  type FixedSettings,
  type IngressProgress,
  type InlinedParts,
  inlinedFor,
  type PartRef,
} from './manifest.js';
import type { ManifestLog } from './manifest-log.js';
import { inlinedName, isInlined, newPartName } from './part-name.js';
import { PartReader } from './part-reader.js';
import { PartStore } from './part-store.js';
import type { Retention } from './retention.js';
import type { Savepoint, Savepoints } from './savepoints.js';
import type { CheckpointGroup, WorkerPart } from './worker-part.js';

export interface CheckpointerOptions {
  readonly group: CheckpointGroup;
  readonly log: ManifestLog;
  readonly store: BlobStore;
  readonly segments: SegmentSet;
  readonly shapes: ShapeTable;
  readonly retention: Retention;
  readonly savepoints: Savepoints;
  readonly platform: Platform;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly settings: FixedSettings;
  readonly incarnation: string;
  /** The id of the last checkpoint. */
  readonly lastCheckpoint: number;
  /** The checkpoint that the epoch begins with. */
  readonly base: CheckpointEntry | undefined;
  readonly intervalMs: number;
  readonly compaction?: CompactionLimits | undefined;
  /** Bytes of parts that a manifest has room for; 0 to have each part be a blob. */
  readonly inlineBytes?: number | undefined;
  /** So many failures in a row end the application. */
  readonly maxFailures: number;
  readonly failed: (error: unknown) => void;
  /** Every ingress has ended and nothing is in flight: known from a checkpoint, which sees all workers at one instant. */
  readonly drained: () => void;
}

/** The last committed checkpoint, for people. */
export interface CheckpointStatus {
  readonly checkpoint: number;
  readonly index: number;
  readonly committed: number;
  readonly abandoned: number;
  readonly lastDurationMs: number;
  readonly segments: number;
  readonly bytes: number;
}

type ManifestBody = Omit<CheckpointEntry, keyof EntryHeader>;

/** A finished compaction that waits for the next manifest. */
interface Compacted {
  readonly inputs: readonly SegmentRef[];
  readonly output: SegmentRef | undefined;
  /** The output's bytes, if the manifest is to hold them. */
  readonly inlined: Uint8Array | undefined;
}

/**
 * Parts in a manifest save syncs and requests, and are written anew with each manifest until a compaction takes them together:
 * so there is room for several of them, and no more.
 */
const usualRoomBytes = 192 * 1024;
/** The output of a compaction that is no larger stays in the manifest. */
const mostCompactedBytes = 32 * 1024;

/** What is old is deleted for so many checkpoints together, where they follow each other closely. */
const tidiedTogether = 16;

/**
 * Takes checkpoints: one at a time, at intervals, and at once when somebody waits for one.
 *
 * A checkpoint exists when its manifest is in the log. Up to the moment the manifest is sent, and if the store says that it took
 * nothing of it, a failure abandons it without harm: what it froze goes into the next. Else only the log can say what became of it.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #timer: Scheduled | undefined;
  #running: Promise<void> | undefined;
  #wanted = false;
  /** How many wait for the present checkpoint to end, to take one themselves. */
  #queued = 0;
  /** The next checkpoint is taken even if nothing changed. */
  #forced = false;
  #stopped = false;
  #checkpoint: number;
  #last: CheckpointEntry | undefined;
  #lastIndex = 0;
  #published = 0;
  #committed = 0;
  #abandoned = 0;
  #failures = 0;
  /** A manifest was sent, and what became of it is not known here. */
  #undecided = false;
  #lastDurationMs = 0;
  #tidying: Promise<void> | undefined;
  /** False when a checkpoint was taken since what is deleted now was looked for. */
  #isTidy = true;
  /** Checkpoints since then, and when that was. */
  #untidy = 0;
  #tidiedMs = Number.NEGATIVE_INFINITY;
  #compaction: Promise<void> | undefined;
  #compacted: Compacted | undefined;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#checkpoint = options.lastCheckpoint;
    this.#last = options.base;
  }

  get status(): CheckpointStatus {
    let bytes = 0;
    for (const { length } of this.#options.segments.refs) bytes += length;
    return {
      checkpoint: this.#checkpoint,
      index: this.#lastIndex,
      committed: this.#committed,
      abandoned: this.#abandoned,
      lastDurationMs: this.#lastDurationMs,
      segments: this.#options.segments.refs.length,
      bytes,
    };
  }

  start(): void {
    this.#arm(this.#options.intervalMs);
  }

  /** Asks for a checkpoint as soon as the present one is complete. */
  request(): void {
    if (this.#stopped || this.#wanted) return;
    this.#wanted = true;
    if (this.#running !== undefined) return;
    // Not in this turn but behind the work that is ready: so the checkpoint has what was just sent, handled where that takes
    // one slice, and whoever else waits by then shares it.
    this.#options.platform.scheduler.defer(() => {
      if (this.#wanted) this.#run();
    });
  }

  /**
   * Takes a checkpoint now, after the present one; resolves when it is committed. Nothing is written when nothing changed.
   *
   * @throws SF_STOPPED
   */
  async now(): Promise<void> {
    await this.#once(true);
  }

  /** @param isAsked whether workers are asked even if all have said that nothing changed: they may be about to say otherwise. */
  async #once(isAsked: boolean): Promise<void> {
    this.#queued += 1;
    while (this.#running !== undefined) await this.#running.catch(() => undefined); // Its caller has been told.
    this.#queued -= 1;
    if (this.#stopped) {
      // After a failure the worker may have lost hold of a message: a checkpoint would make that final.
      throw new StatefulFunctionsError(
        'SF_STOPPED',
        'the application has stopped and takes no checkpoint. Start it again.',
      );
    }
    const startMs = this.#options.platform.clock.monotonic();
    this.#running = this.#take(isAsked).finally(() => {
      this.#running = undefined;
    });
    try {
      await this.#running;
      const { intervalMs, platform } = this.#options;
      // From start to start, so that a long checkpoint does not make them rarer.
      this.#arm(Math.max(0, intervalMs - (platform.clock.monotonic() - startMs)));
      // At once, before what the last one let out takes its time; but not before those who wait for one of their own.
      if (this.#wanted && this.#queued === 0) this.#run();
    } catch (error) {
      this.#undone(error);
      throw error;
    }
  }

  /** A checkpoint that stays. @throws SF_SAVEPOINT_EXISTS */
  async savepoint(name: string): Promise<Savepoint> {
    this.#forced = this.#options.log.base?.kind !== 'checkpoint';
    await this.now();
    return this.#options.savepoints.create(name);
  }

  /** Takes no more checkpoints; waits for the present one. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    while (this.#running !== undefined) await this.#running.catch(() => undefined); // It has been reported where it failed.
  }

  /** Resolves when nothing is being deleted or compacted any more: whoever goes on with the log need not wait for that. */
  async whenTidy(): Promise<void> {
    await this.#tidying;
    await this.#compaction;
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    this.#timer = this.#options.platform.scheduler.after(delayMs, () => this.#run());
  }

  #run(): void {
    if (this.#running !== undefined || this.#stopped) return;
    this.#once(this.#wanted).catch(() => undefined); // `#undone` has dealt with it.
  }

  /** After a failure the next attempt waits a little longer each time; after several, or a fatal one, the application ends. */
  #undone(error: unknown): void {
    if (this.#undecided || !isPassingStorageFailure(error)) this.#options.failed(error);
    else if (this.#failures >= this.#options.maxFailures) this.#options.failed(this.#tooMany(error));
    else this.#arm(Math.min(this.#options.intervalMs * 2 ** this.#failures, 30_000));
  }

  async #take(isAsked: boolean): Promise<void> {
    const { group, platform, logger } = this.#options;
    this.#wanted = false;
    const isNeeded = this.#compacted !== undefined || this.#forced;
    if (!isAsked && !isNeeded && !group.hasChanges) return;
    this.#forced = false;
    const startMs = platform.clock.monotonic();
    this.#checkpoint += 1;
    const checkpoint = this.#checkpoint;
    logger.debug({ checkpoint }, 'checkpoint began');
    let body: ManifestBody;
    let compacted: Compacted | undefined;
    let isDrained: boolean;
    let written = 0;
    try {
      const parts = await group.take(checkpoint, Math.max(0, this.#roomBytes - this.#inlinedBytes));
      for (const { segment, inFlight } of parts) written += (segment?.length ?? 0) + (inFlight?.length ?? 0);
      isDrained = parts.every((part) => part.isDrained);
      if (!isNeeded && parts.every(({ isChanged }) => !isChanged)) {
        this.#options.retention.discard(group.abandoned(checkpoint));
        logger.debug({ checkpoint }, 'checkpoint not needed');
        if (isDrained) this.#options.drained();
        return;
      }
      compacted = this.#compacted;
      body = this.#manifest(parts, compacted);
    } catch (error) {
      this.#abandon(error);
      throw error;
    }
    const entry = await this.#commit(body);
    this.#committed += 1;
    this.#failures = 0;
    this.#last = entry;
    this.#lastIndex = entry.index;
    if (compacted !== undefined && this.#compacted === compacted) this.#compacted = undefined;
    this.#options.segments.replace(entry.segments);
    group.committed(checkpoint, entry);
    this.#lastDurationMs = platform.clock.monotonic() - startMs;
    this.#measure(written);
    logger.debug(
      { checkpoint: entry.checkpoint, index: entry.index, durationMs: this.#lastDurationMs },
      'checkpoint committed',
    );
    if (isDrained) this.#options.drained();
    this.#tidySometimes();
  }

  async #commit(body: ManifestBody): Promise<CheckpointEntry> {
    // From here on the checkpoint may exist, whatever happens.
    this.#undecided = true;
    this.#options.logger.debug({ checkpoint: body.checkpoint }, 'manifest sent');
    try {
      const entry = await this.#options.log.append(body);
      this.#undecided = false;
      return entry;
    } catch (error) {
      if (error instanceof NotStoredError) {
        this.#undecided = false;
        this.#abandon(error);
      }
      throw error;
    }
  }

  #measure(writtenBytes: number): void {
    const { metrics, segments } = this.#options;
    metrics.observe('sf_checkpoint_duration_seconds', this.#lastDurationMs / 1_000);
    metrics.observe('sf_checkpoint_bytes', writtenBytes);
    let entries = 0;
    for (const ref of segments.refs) entries += ref.entries;
    metrics.gauge('sf_stored_entries', entries);
    metrics.gauge('sf_stored_bytes', this.status.bytes);
  }

  #manifest(parts: readonly WorkerPart[], compacted: Compacted | undefined): ManifestBody {
    const { shapes, settings } = this.#options;
    const fresh: SegmentRef[] = [];
    const inFlight: PartRef[] = [];
    const ingresses: Record<string, IngressProgress> = {};
    const egresses: Record<string, EgressProgress> = {};
    let applicationTimeMs = this.#last?.applicationTimeMs ?? 0;
    for (const part of parts) {
      if (part.segment !== undefined) fresh.push(part.segment);
      if (part.inFlight !== undefined) inFlight.push(part.inFlight);
      shapes.add(part.shapes);
      Object.assign(ingresses, part.ingresses);
      Object.assign(egresses, part.egresses);
      applicationTimeMs = Math.max(applicationTimeMs, part.applicationTimeMs);
    }
    if (parts.every(({ isPublished }) => isPublished)) this.#published = this.#lastIndex;
    const segments = this.#segmentsWith(fresh, compacted);
    const inlined = inlinedFor({ segments, parts: inFlight }, this.#inlinedAtHand(parts, compacted));
    return {
      kind: 'checkpoint',
      checkpoint: this.#checkpoint,
      settings,
      applicationTimeMs,
      segments,
      shapes: [...shapes.shapes],
      ingresses,
      egresses,
      parts: inFlight,
      inlined,
      published: this.#published,
      condemned: condemnedBy({ segments, parts: inFlight }, this.#last),
    };
  }

  #inlinedAtHand(parts: readonly WorkerPart[], compacted: Compacted | undefined): InlinedParts {
    const atHand = new Map(this.#last?.inlined);
    for (const { segment, inFlight, inlined } of parts) {
      const name = (segment ?? inFlight)?.blob;
      if (name !== undefined && inlined !== undefined) atHand.set(name, inlined);
    }
    if (compacted?.inlined !== undefined) atHand.set((compacted.output as SegmentRef).blob, compacted.inlined);
    return atHand;
  }

  get #roomBytes(): number {
    return this.#options.inlineBytes ?? usualRoomBytes;
  }

  /** What the last manifest holds itself. */
  get #inlinedBytes(): number {
    let bytes = 0;
    for (const { length } of this.#last?.inlined.values() ?? []) bytes += length;
    return bytes;
  }

  #abandon(error: unknown): void {
    this.#abandoned += 1;
    this.#failures += 1;
    this.#options.retention.discard(this.#options.group.abandoned(this.#checkpoint));
    this.#options.metrics.count('sf_checkpoint_failures_total');
    const fields = { checkpoint: this.#checkpoint, failures: this.#failures, err: asError(error) };
    this.#options.logger.error(fields, 'checkpoint abandoned; the next one will hold what it would have held');
  }

  /** The live segments with what is new in front, and the inputs of a compaction replaced by its output. */
  #segmentsWith(fresh: readonly SegmentRef[], compacted: Compacted | undefined): readonly SegmentRef[] {
    const segments = [...this.#options.segments.refs];
    if (compacted !== undefined) {
      const from = segments.indexOf(compacted.inputs[0] as SegmentRef);
      const isThere = from >= 0 && compacted.inputs.every((input, index) => segments[from + index] === input);
      invariant(isThere, 'one compaction at a time replaces segments, and new ones only come in front of them');
      segments.splice(from, compacted.inputs.length, ...(compacted.output === undefined ? [] : [compacted.output]));
    }
    return [...fresh, ...segments];
  }

  /** Where checkpoints follow each other closely, since somebody waits for each, what is old is deleted for several of them. */
  #tidySometimes(): void {
    const nowMs = this.#options.platform.clock.monotonic();
    this.#untidy += 1;
    if (this.#untidy < tidiedTogether && nowMs - this.#tidiedMs < this.#options.intervalMs) {
      this.#startCompaction();
      return;
    }
    this.#untidy = 0;
    this.#tidiedMs = nowMs;
    this.#isTidy = false;
    this.#tidying ??= this.#tidy().catch(this.#options.failed);
  }

  /**
   * Deletes what no checkpoint needs any more, beside the checkpoints that are taken meanwhile: to delete takes as long as to
   * write, and whoever waits for the next checkpoint would wait for that as well.
   */
  async #tidy(): Promise<void> {
    do {
      this.#isTidy = true;
      if (this.#stopped) break; // Whoever waits for the end does not wait for this.
      try {
        await this.#options.retention.collect(this.#options.group.readFrom);
      } catch (error) {
        // What could not be deleted is tried again after the next checkpoint; nothing depends on it.
        this.#options.logger.warn({ err: asError(error) }, 'old checkpoints could not be deleted');
      }
      this.#startCompaction();
    } while (!this.#isTidy);
    this.#tidying = undefined;
  }

  #startCompaction(): void {
    const { segments, store, platform, log, logger, shapes } = this.#options;
    if (this.#compaction !== undefined || this.#compacted !== undefined || this.#stopped) return;
    const { refs } = segments;
    const pick = this.#pickCompaction(refs);
    if (pick === undefined) return;
    const inputs = refs.slice(pick.from, pick.from + pick.count);
    const blobName = newPartName(platform, log.epoch, this.#options.incarnation);
    logger.debug({ segments: inputs.length, blob: blobName }, 'compaction began');
    const reader = new PartReader(store);
    reader.replace(this.#last?.inlined ?? new Map());
    const output = new PartStore(reader, store, Math.min(mostCompactedBytes, this.#roomBytes / 2));
    const work = compact(output, inputs, {
      bottom: pick.from + pick.count === refs.length,
      nowMs: this.#last?.applicationTimeMs ?? 0,
      blobName,
      yield: () => (this.#stopped ? Promise.reject(givenUp(blobName)) : nextTurn(platform.scheduler)),
      isGarbage: garbageTest(shapes),
    });
    this.#compaction = work
      .then(
        (ref) => {
          // What comes too late is in no manifest ever.
          if (this.#stopped) {
            this.#options.retention.discard([blobName]);
            return;
          }
          const { inlined } = output;
          const isInlined = ref !== undefined && inlined !== undefined;
          this.#compacted = { inputs, output: isInlined ? { ...ref, blob: inlinedName(blobName) } : ref, inlined };
        },
        (error: unknown) => {
          this.#options.retention.discard([blobName]);
          // What it reads may be gone once others have gone on.
          if (this.#stopped) return;
          if (!isPassingStorageFailure(error)) this.#options.failed(error);
          else logger.warn({ err: asError(error) }, 'compaction failed and will be tried again');
        },
      )
      .finally(() => {
        this.#compaction = undefined;
        logger.debug({ blob: blobName }, 'compaction ended');
      });
  }

  /** Those in the manifest, which are the newest, are taken together when they are many; the others by their size. */
  #pickCompaction(refs: readonly SegmentRef[]): { from: number; count: number } | undefined {
    const { compaction = defaultCompaction } = this.#options;
    const firstBlob = refs.findIndex(({ blob }) => !isInlined(blob));
    const inlined = firstBlob < 0 ? refs.length : firstBlob;
    let bytes = 0;
    for (const { length } of refs.slice(0, inlined)) bytes += length;
    const isMuch = inlined >= 4 * compaction.minRun || bytes > this.#roomBytes / 2;
    if (isMuch && inlined > 1) return { from: 0, count: inlined };
    const pick = pickCompaction(refs.slice(inlined), compaction);
    return pick && { from: inlined + pick.from, count: pick.count };
  }

  #tooMany(error: unknown): unknown {
    const message = `${this.#failures} checkpoints in a row failed, the last with: ${asError(error).message}. Mend the store and start again.`;
    return new StatefulFunctionsError('SF_CHECKPOINTS_FAIL', message, { cause: error });
  }
}

/** Why there is no more of a blob when the checkpointer stops. */
function givenUp(blob: string): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_STORAGE', `the compaction into ${blob} was given up, since checkpoints end.`);
}
