import type { CheckpointEntry, InlinedParts } from '../checkpoint/manifest.js';
import { newPartName } from '../checkpoint/part-name.js';
import type { PartReader } from '../checkpoint/part-reader.js';
import { type ChannelCapture, egressPrefix, type PartPlace, writePart } from '../checkpoint/part-writer.js';
import { ingressSeed } from '../checkpoint/recovery.js';
import { restoreInFlight } from '../checkpoint/restore-in-flight.js';
import type { WorkerPart } from '../checkpoint/worker-part.js';
import type { Guard } from '../dispatch/dispatcher.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { Logger } from '../ports/logger.js';
import type { Metrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import type { Reply } from '../sdk/contract.js';
import { asError, invariant, isPassingStorageFailure, StatefulFunctionsError } from '../sdk/errors.js';
import type { ClientReplyTarget } from '../sdk/reply.js';
import { keyGroupOf } from '../state/key-group.js';
import type { SegmentSet } from '../state/segment-set.js';
import { ShapeTable } from '../state/shape.js';
import { Worker, type WorkerBindings, type WorkerCut, type WorkerLimits } from '../worker/worker.js';
import { Assignment, type WorkerShare } from './assignment.js';
import type { ChannelLimits } from './channel-limits.js';
import { Channels } from './channels.js';
import type { CommittedCheckpoint, Directive, EpochPlan } from './directive.js';
import type { Frame } from './frame.js';
import { readInlined, readManifest } from './manifest-reader.js';
import type { PartReport } from './report.js';

export interface EpochWorkerOptions {
  readonly platform: Platform;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly store: BlobStore;
  /** Of ingresses and egresses, all there are: those of this worker are picked. */
  readonly bindings: WorkerBindings;
  readonly limits: WorkerLimits;
  /** Reads the parts of manifests; `segments` does so by it. */
  readonly parts: PartReader;
  /** What was read of segments before stays: they do not change. */
  readonly segments: SegmentSet;
  readonly stopTimeoutMs: number;
  readonly incarnation: string;
  readonly channelLimits?: Partial<ChannelLimits>;
  readonly guard: Guard;
  /** Whether effects may still be shown to the outside: false once the lease has run out. */
  readonly isCurrent: () => boolean;
  /** Resolves when they may, or the worker has been closed. */
  readonly whenCurrent: () => Promise<void>;
  readonly send: (endpoint: string, frame: Uint8Array) => void;
  readonly onReply: (target: ClientReplyTarget, reply: Reply<unknown>) => void;
  /** Something changed that the coordinator should know. */
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

/** `restoring` → `running` → `draining` → `drained`; `closed` from any of them, for good. */
export type EpochWorkerState = 'restoring' | 'running' | 'draining' | 'drained' | 'closed';

/** A cut of which it is not known yet whether its checkpoint is committed. */
export interface PendingCut {
  readonly epoch: number;
  readonly checkpoint: number;
  readonly cut: WorkerCut;
}

/**
 * One worker in one epoch: brings its share of a checkpoint into place, runs, and takes part in checkpoints as directives and
 * barriers ask for them.
 *
 * Invariants:
 * - It cuts, and opens channels and ingresses, only when everything restored is in place.
 * - It cuts once for each checkpoint, at the first sign of it, and only when its former cut is committed or given up. So what a
 *   cut holds is always what changed since the last committed one.
 * - Its part holds what it and its channels had at the cut, and is acknowledged only when it is durable.
 * - Once closed it takes no effect: neither on memory nor on the outside.
 * - Of a former worker's memory it keeps only what is the state of the very checkpoint that its own epoch begins with.
 */
export class EpochWorker {
  readonly plan: EpochPlan;
  readonly slot: number;
  readonly worker: Worker;
  readonly channels: Channels;
  readonly #options: EpochWorkerOptions;
  readonly #share: WorkerShare;
  readonly #assignment: Assignment;
  readonly #segments: SegmentSet;
  readonly #shapes = new ShapeTable();
  #state: EpochWorkerState = 'restoring';
  #directive: Directive;
  #lastCut = 0;
  #lastCommitted: number;
  #pending: PendingCut | undefined;
  #part: PartReport | undefined;
  #readsFrom: number;
  /** The place in the log of the last manifest that memory is known to agree with; 0 for none. */
  #lastIndex: number;
  #isWanted = false;
  /** Whose memory to keep, until that has happened. */
  #former: Worker | undefined;

  private constructor(
    options: EpochWorkerOptions,
    directive: Directive,
    plan: EpochPlan,
    slot: number,
    manifest: CheckpointEntry | undefined,
  ) {
    const { platform, logger, metrics, bindings, limits } = options;
    this.#options = options;
    this.#directive = directive;
    this.plan = plan;
    this.slot = slot;
    this.#assignment = Assignment.from(plan.assignment);
    const share = this.#assignment.workers[slot];
    invariant(share !== undefined, 'a worker has a slot of its assignment');
    this.#share = share;
    this.#segments = options.segments;
    options.parts.replace(manifest?.inlined ?? new Map());
    this.#segments.replace(manifest?.segments ?? []);
    this.#shapes.add(manifest?.shapes ?? []);
    this.#lastCommitted = plan.base?.checkpoint ?? 0;
    this.#lastIndex = plan.base?.index ?? 0;
    // What a savepoint needs stays in any case.
    this.#readsFrom = plan.base?.savepoint === undefined ? (plan.base?.index ?? 0) : 0;
    this.channels = new Channels({
      platform,
      epoch: plan.epoch,
      slot,
      workers: plan.workers,
      assignment: this.#assignment,
      ...(options.channelLimits === undefined ? {} : { limits: options.channelLimits }),
      send: options.send,
      receive: (item) => this.worker.receive(item),
      cut: (checkpoint) => this.#cut(checkpoint),
      hostOf: (name) => this.worker.dispatcher.hostOf(name),
      canCut: () => this.#canCut,
    });
    this.worker = new Worker({
      platform,
      logger,
      metrics,
      bindings: ownBindings(bindings, share),
      segments: this.#segments,
      shapes: this.#shapes,
      maxParallelism: this.#assignment.maxParallelism,
      limits,
      slot,
      keyGroups: share.ranges,
      remote: plan.workers.length === 1 ? undefined : this.channels,
      applicationTimeMs: Math.max(manifest?.applicationTimeMs ?? 0, directive.applicationTimeMs),
      ingressProgress: manifest?.ingresses ?? {},
      egressPositions: manifest?.egresses ?? {},
      seedOf: (ingress) => ingressSeed(plan.logId, ingress),
      isCurrent: options.isCurrent,
      failed: (error) => this.#failed(error),
      wanted: () => this.#want(),
      stirred: () => this.#options.changed(),
      drained: () => this.#options.changed(),
      crowded: () => this.#options.changed(),
    });
    this.worker.onReply = options.onReply;
  }

  /**
   * Reads the manifest of the plan and puts a worker together, which is not running yet: see `start`.
   *
   * @param former the last worker of the same participant, which has ended: what it has in memory is kept where that is right.
   * @throws SF_MISSING_BLOB, SF_DAMAGED, SF_STORAGE
   */
  static async make(
    options: EpochWorkerOptions,
    directive: Directive,
    slot: number,
    former: EpochWorker | undefined,
  ): Promise<EpochWorker> {
    const plan = directive.plan as EpochPlan;
    const manifest = await readManifest(options.store, plan.base);
    const made = new EpochWorker(options, directive, plan, slot, manifest);
    made.#manifest = manifest;
    if (former?.endedAt(manifest, plan)) made.#former = former.worker;
    return made;
  }

  #manifest: CheckpointEntry | undefined;

  get state(): EpochWorkerState {
    return this.#state;
  }

  /** Whether anything was dealt out to it. */
  get hasShare(): boolean {
    const { ranges, ingresses, egresses } = this.#share;
    return ranges.size + ingresses.length + egresses.length > 0;
  }

  get lastCut(): number {
    return this.#lastCut;
  }

  get part(): PartReport | undefined {
    return this.#part;
  }

  get readsFrom(): number {
    return this.#readsFrom;
  }

  /** Whether a checkpoint now would differ from the last one. */
  get hasChanges(): boolean {
    return this.#state === 'restoring' || this.worker.hasChanges;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  get isDrained(): boolean {
    return this.worker.isDrained && this.channels.backlog === 0;
  }

  get pending(): PendingCut | undefined {
    return this.#pending;
  }

  /**
   * Whether the last checkpoint that this worker knows of, now that it has ended, is the one that a later epoch begins with. Then
   * whatever has not changed since in its memory is what that checkpoint holds. If its last cut is that checkpoint, it was
   * committed, though the worker did not hear of it in time.
   */
  endedAt(manifest: CheckpointEntry | undefined, { logId }: EpochPlan): boolean {
    invariant(this.#isClosed, 'the memory is kept of a worker that has ended');
    if (logId !== this.plan.logId) return false;
    const pending = this.#pending;
    if (pending !== undefined && pending.epoch === manifest?.epoch && pending.checkpoint === manifest.checkpoint) {
      this.#pending = undefined;
      this.#lastIndex = manifest.index;
      this.worker.state.committed();
    }
    return this.#lastIndex === (manifest?.index ?? 0);
  }

  /** Brings everything into place and runs. */
  async start(): Promise<void> {
    const { store, bindings, guard } = this.#options;
    const { worker } = this;
    const former = this.#former;
    this.#former = undefined;
    // All at once, and without waiting: else the first to look for something would open one after the other.
    this.#segments.open().catch(() => undefined); // Whoever reads one that failed tries again, and is told.
    if (former !== undefined) await worker.inherit(former);
    if (this.#isClosed) return;
    await worker.openSinks();
    if (this.#isClosed) return;
    if (this.#manifest !== undefined) {
      await restoreInFlight(store, this.#manifest, worker, {
        ownsId: (id) => this.#share.ranges.contains(keyGroupOf(id, this.#assignment.maxParallelism)),
        ownsEgress: (name) => this.#share.egresses.includes(name),
        ownsClient: (client) => client === this.#options.incarnation,
        isRetired: (name) => bindings.retired.has(name),
      });
      this.#manifest = undefined;
    }
    if (this.#isClosed) return;
    if (this.plan.isSuspicious) worker.dispatcher.guard = guard;
    await worker.prepare();
    // Whoever took so long that it was given up must not look for positions that others have left behind.
    await this.#options.whenCurrent();
    if (this.#isClosed) return;
    this.#state = 'running';
    this.channels.open();
    await worker.open();
    if (this.#isClosed) return;
    this.#options.changed();
    this.obey(this.#directive);
  }

  /** Takes the newest directive of its epoch. */
  obey(directive: Directive): void {
    this.#directive = directive;
    if (this.#state === 'restoring' || this.#isClosed) return;
    const { committed, settled, checkpoint, phase } = directive;
    this.worker.isThrottled = directive.isCrowded;
    const pending = this.#pending;
    if (committed !== undefined && committed.checkpoint > this.#lastCommitted)
      this.#committed(committed, directive.inlined);
    if (pending !== undefined && this.#pending === pending && pending.checkpoint <= settled) this.#abandon();
    if (phase === 'drain' && this.#state === 'running') void this.#drain();
    if (checkpoint !== undefined && checkpoint > this.#lastCut && this.#canCut) this.#cut(checkpoint);
    this.channels.release();
    this.#heedPause();
    if (this.#state === 'drained' && this.#isPublishing) void this.#obeyWhenPublished();
  }

  receive(frame: Frame): void {
    if (this.#isClosed) return;
    this.channels.receive(frame);
    this.worker.checkRoom(); // An acknowledgement lets more be sent.
  }

  /** Ends for good: what is not in a committed checkpoint never was. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#state = 'closed';
    this.channels.close();
    await this.worker.close();
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #cut(checkpoint: number): void {
    invariant(this.#pending === undefined, 'a worker cuts when its former cut is settled');
    invariant(checkpoint > this.#lastCut, `the cut of checkpoint ${checkpoint} follows that of ${this.#lastCut}`);
    invariant(this.#state !== 'restoring' && !this.#isClosed, 'a worker cuts when everything restored is in place');
    const { worker } = this;
    const cut = worker.cut();
    const channels = this.plan.workers.length === 1 ? undefined : this.channels.cut(checkpoint);
    this.#lastCut = checkpoint;
    this.#pending = { epoch: this.plan.epoch, checkpoint, cut };
    this.#part = undefined;
    this.#isWanted = false;
    this.#heedPause();
    const { platform, incarnation } = this.#options;
    const blob = newPartName(platform, this.plan.epoch, incarnation);
    this.#write(cut, channels, checkpoint, blob).then(
      (part) => {
        const isWritten = part.inlined === undefined && (part.segment !== undefined || part.inFlight !== undefined);
        this.#report(checkpoint, { checkpoint, blob: isWritten ? blob : undefined, part, error: undefined });
      },
      (error: unknown) => {
        if (!isPassingStorageFailure(error)) this.#failed(error);
        const { message } = asError(error);
        const code = error instanceof StatefulFunctionsError ? error.code : 'SF_STORAGE';
        this.#report(checkpoint, { checkpoint, blob, part: undefined, error: { code, message } });
      },
    );
  }

  async #write(
    cut: WorkerCut,
    channels: Promise<ChannelCapture | undefined> | undefined,
    checkpoint: number,
    blob: string,
  ): Promise<WorkerPart> {
    const { store, platform } = this.#options;
    let crossed = 0;
    const captured = channels?.then((capture) => {
      if (capture === undefined)
        throw new StatefulFunctionsError('SF_STORAGE', `checkpoint ${checkpoint} came to nothing`);
      const recorded = [...capture.recorded];
      const unsent = [...capture.unsent];
      crossed = recorded.length + unsent.length;
      return { recorded, unsent };
    });
    captured?.catch(() => undefined); // Awaited below, once the segment is encoded.
    const { inlineBytes } = this.#directive;
    const place: PartPlace = { store, scheduler: platform.scheduler, blob, inlineBytes, slot: this.slot };
    const written = await writePart(cut, captured, place);
    const runs = [...cut.egresses.values()].flatMap((egress) => egress.runs);
    return {
      ...written,
      shapes: [...this.#shapes.shapes],
      ingresses: cut.ingresses,
      egresses: Object.fromEntries([...cut.egresses].map(([name, { position }]) => [name, { position }])),
      applicationTimeMs: cut.applicationTimeMs,
      isChanged: cut.isChanged || crossed > 0,
      isPublished: runs.every(({ prefix }) => prefix === undefined),
      isDrained: cut.isDrained && crossed === 0,
    };
  }

  #report(checkpoint: number, part: PartReport): void {
    if (this.#isClosed || this.#pending?.checkpoint !== checkpoint) return;
    this.#part = part;
    this.#options.changed();
  }

  #committed({ checkpoint, index, segments, shapes }: CommittedCheckpoint, inlined: InlinedParts | undefined): void {
    invariant(
      this.#pending?.checkpoint === checkpoint,
      `checkpoint ${checkpoint} was committed with this worker's part`,
    );
    this.#pending = undefined;
    this.#part = undefined;
    this.#lastCommitted = checkpoint;
    this.#lastIndex = index;
    this.#readsFrom = index;
    const { parts, store } = this.#options;
    parts.replace(inlined ?? (() => readInlined(store, index)));
    this.#segments.replace(segments);
    this.#shapes.add(shapes);
    this.worker.dispatcher.guard = undefined; // The process has come further than it ever did from the last manifest.
    this.worker.committed(egressPrefix(this.plan.logId, index, this.slot));
    this.#options.changed();
  }

  #abandon(): void {
    const { checkpoint } = this.#pending as PendingCut;
    this.#pending = undefined;
    this.#part = undefined;
    this.channels.abandon(checkpoint);
    this.worker.abandon();
    this.#options.changed();
  }

  /** One that drains hands nothing out before long, and never again. */
  #heedPause(): void {
    if (this.#state !== 'running') return;
    const { pausesAt } = this.#directive;
    this.worker.isPaused = pausesAt !== undefined && this.#lastCut >= pausesAt;
  }

  async #drain(): Promise<void> {
    this.#state = 'draining';
    const { worker } = this;
    await worker.drain(this.#options.stopTimeoutMs);
    worker.dispatcher.pause();
    await this.#handlersEnd();
    if (this.#isClosed) return;
    this.#state = 'drained';
    this.#options.changed();
  }

  /** Resolves when no asynchronous handler runs, or the patience for that has ended. */
  #handlersEnd(): Promise<void> {
    const { platform, stopTimeoutMs } = this.#options;
    return new Promise((resolve) => {
      const timer = platform.scheduler.after(stopTimeoutMs, resolve);
      this.worker.whenQuiet().then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /**
   * Whether it may cut now. The last checkpoints record that all of the former is published, so that nothing is published again
   * at the next start; whoever asks for them, by directive or barrier, waits for that.
   */
  get #canCut(): boolean {
    return this.#pending === undefined && !(this.#state === 'drained' && this.#isPublishing);
  }

  get #isPublishing(): boolean {
    for (const outlet of this.worker.outlets.values()) if (outlet.isPublishing) return true;
    return false;
  }

  async #obeyWhenPublished(): Promise<void> {
    for (const outlet of this.worker.outlets.values()) await outlet.drained();
    if (!this.#isClosed) this.obey(this.#directive);
  }

  #want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#options.changed();
  }

  #failed(error: unknown): void {
    if (!this.#isClosed) this.#options.failed(error);
  }
}

function ownBindings(bindings: WorkerBindings, { ingresses, egresses }: WorkerShare): WorkerBindings {
  return {
    definitionOf: (name) => bindings.definitionOf(name),
    retired: bindings.retired,
    ingresses: new Map([...bindings.ingresses].filter(([name]) => ingresses.includes(name))),
    egresses: new Map([...bindings.egresses].filter(([name]) => egresses.includes(name))),
  };
}
