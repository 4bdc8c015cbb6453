import { PartReader } from '../checkpoint/part-reader.js';
import type { Guard } from '../dispatch/dispatcher.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { Logger } from '../ports/logger.js';
import type { Metrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import type { Scheduled } from '../ports/scheduler.js';
import type { Reply } from '../sdk/contract.js';
import { deadLetters } from '../sdk/dead-letter.js';
import { asError, errorData } from '../sdk/errors.js';
import type { ClientReplyTarget } from '../sdk/reply.js';
import { BlockCache } from '../state/block-cache.js';
import { SegmentSet } from '../state/segment-set.js';
import {
  type Submission,
  tellCommitted,
  type Worker,
  type WorkerBindings,
  type WorkerLimits,
} from '../worker/worker.js';
import type { ChannelLimits } from './channel-limits.js';
import { encodeClientReply } from './control-frame.js';
import type { Directive, EpochPlan } from './directive.js';
import { EpochWorker, type EpochWorkerOptions, type PendingCut } from './epoch-worker.js';
import type { Frame } from './frame.js';
import { lastCheckpointUntilEndOf } from './manifest-reader.js';
import { isRemoteClient } from './remote-client-name.js';
import { idleStatus, type ParticipantState, type ParticipantStatus, type Report, type Suspect } from './report.js';

export interface ParticipantOptions {
  readonly platform: Platform;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly store: BlobStore;
  readonly bindings: WorkerBindings;
  readonly limits: WorkerLimits;
  readonly cacheBytes: number;
  readonly stopTimeoutMs: number;
  /** Where it can be reached. */
  readonly endpoint: string;
  /** The random name of this start. */
  readonly incarnation: string;
  /** False for one that only connects clients. */
  readonly takesWork: boolean;
  /**
   * How long it goes on without an answer of the coordinator, from when it sent what was answered last; infinite where the
   * coordinator cannot be cut off, as in one process.
   */
  readonly leaseMs: number;
  /** Whether a coordinator has its role at this instant, as far as this process knows. Always by default. */
  readonly isLeading?: (coordinator: string) => boolean;
  /** How often to report, at least, where the lease asks for no report: figures are as old as the last one. */
  readonly reportEveryMs?: number;
  readonly channelLimits?: Partial<ChannelLimits>;
  /** Takes a report to the coordinator. It may get lost. */
  readonly report: (report: Report) => void;
  /** Takes a frame to another participant. It may get lost. */
  readonly send: (endpoint: string, frame: Uint8Array) => void;
  /** Something failed here that cannot go on: what is not committed is left to the next start. */
  readonly failed: (error: unknown) => void;
}

/** Reports are sent again so many times within a lease. */
const reportsPerLease = 4;

/**
 * The worker's side of the protocol between coordinator and workers: runs one worker after another, as epochs come and go, and
 * what clients have sent goes with it from each to the next.
 *
 * Invariants:
 * - At most one worker runs; it is of the newest epoch that has a place for this participant.
 * - A worker shows nothing to the outside when its lease has run out. The lease counts from when a report was *sent* that the
 *   coordinator has answered, so one that is heard and hears nothing is silent before the coordinator gives its share to others.
 *   If it hears nothing for a lease more, it ends; one that was merely late, as on a machine with too much to do, goes on.
 * - What a client sent is in exactly one place: in a committed checkpoint, or with the worker, or here until there is one.
 */
export class Participant {
  readonly #options: ParticipantOptions;
  readonly #parts: PartReader;
  readonly #segments: SegmentSet;
  readonly #sentMs = new Map<number, number>();
  #reports = 0;
  #answered = 0;
  #leaseEndMs = Number.NEGATIVE_INFINITY;
  #coordinator: string | undefined;
  #newest = 0;
  #epoch = 0;
  #current: EpochWorker | undefined;
  #entering = 0;
  #heartbeat: Scheduled | undefined;
  #renewed: () => void = () => {};
  /** Whether a worker wanted to show something while it had no lease. */
  #isSilenced = false;
  #isLeaving = false;
  #isStopped = false;
  #isEntering = false;
  #isTelling = false;
  /** The figures of all workers before the present one. */
  #past = idleStatus;
  #unsubmitted: Submission[] = [];
  /** The last worker, until the next keeps what it may of its memory. */
  #former: EpochWorker | undefined;
  /** Of the last worker, if it ended before it learned what became of it. */
  #unsettled: PendingCut | undefined;
  #suspects = 0;
  #suspect: (Suspect & { readonly decide: (verdict: 'innocent' | 'condemned') => void }) | undefined;
  /** The newest one of the present epoch. */
  #directive: Directive | undefined;
  /** Takes a reply that may be shown to the outside. */
  onReply: (target: ClientReplyTarget, reply: Reply<unknown>) => void = () => {};

  constructor(options: ParticipantOptions) {
    this.#options = options;
    this.#parts = new PartReader(options.store);
    this.#segments = new SegmentSet(this.#parts, new BlockCache(options.cacheBytes));
  }

  get endpoint(): string {
    return this.#options.endpoint;
  }

  get incarnation(): string {
    return this.#options.incarnation;
  }

  /** The worker that runs now, if one does. */
  get current(): EpochWorker | undefined {
    return this.#current;
  }

  get state(): ParticipantState {
    if (this.#isStopped) return 'stopped';
    if (this.#isEntering) return 'restoring';
    const state = this.#current?.state ?? 'closed';
    return state === 'closed' ? 'waiting' : state;
  }

  /** Tells the coordinator that it is there: at the start, and when another was elected. */
  start(): void {
    this.#tell();
  }

  /** Ends its worker at once if that follows a coordinator which is one no more. */
  fence(coordinator: string): void {
    if (this.#coordinator !== coordinator) return;
    this.#leaseEndMs = Number.NEGATIVE_INFINITY;
    this.#entering += 1;
    this.#isEntering = false;
    void this.#drop();
  }

  /** Asks that its share go to others. */
  leave(): void {
    this.#isLeaving = true;
    this.#tell();
  }

  /** Whether the application has come to its end: nothing will be done here or elsewhere until somebody begins it again. */
  get isOver(): boolean {
    return this.#directive?.phase === 'over';
  }

  /** Whether nothing is left to do here, since the coordinator has dealt its share to others, or all is over. */
  get isReleased(): boolean {
    return this.state === 'waiting' || this.isOver;
  }

  /** Ends for good, and says so: what is not committed is left to others. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#heartbeat?.cancel();
    await this.#drop();
    this.#reports += 1;
    this.#options.report(this.#reportNow());
  }

  /** Sends a client's message; see `Submission`. */
  submit(submission: Submission): void {
    const current = this.#current;
    if (current === undefined || current.state === 'restoring' || current.state === 'closed') {
      this.#unsubmitted.push(submission);
    } else current.worker.submit(submission);
  }

  /** Takes what the coordinator wants. */
  obey(directive: Directive): void {
    if (this.#isStopped || !this.#isNews(directive)) return;
    this.#extendLease(directive);
    const { plan } = directive;
    if (plan !== undefined && plan.epoch > this.#epoch) {
      const slot = plan.workers.findIndex(
        ({ endpoint, incarnation }) => endpoint === this.endpoint && incarnation === this.incarnation,
      );
      this.#epoch = plan.epoch;
      this.#directive = directive;
      void (slot >= 0 ? this.#enter(directive, slot) : this.#leaveEpoch());
      return;
    }
    if (plan?.epoch !== this.#epoch) return;
    this.#directive = directive;
    const { verdict } = directive;
    if (verdict !== undefined && verdict.number === this.#suspect?.number) {
      const { decide } = this.#suspect;
      this.#suspect = undefined;
      decide(verdict.isCondemned ? 'condemned' : 'innocent');
    }
    this.#guarded(() => this.#current?.obey(directive));
  }

  /** Takes a frame of another participant. */
  receive(frame: Frame): void {
    this.#guarded(() => this.#current?.receive(frame));
  }

  get status(): ParticipantStatus {
    if (this.#current !== undefined) return statusOf(this.#current.worker, this.#past);
    // What others read on is theirs to tell; at the end, what was read is.
    return this.#isStopped ? this.#past : { ...this.#past, events: 0 };
  }

  /** A late directive of a coordinator, or of one that has been replaced, is none. */
  #isNews({ coordinator, number, plan }: Directive): boolean {
    if (coordinator !== this.#coordinator) {
      // Only an epoch proves that a coordinator took over; one that has none yet is believed as long as no worker runs.
      if (this.#current !== undefined && (plan === undefined || plan.epoch <= this.#epoch)) return false;
      this.#coordinator = coordinator;
      this.#answered = 0;
    } else if (number <= this.#newest) return false;
    this.#newest = number;
    return true;
  }

  #extendLease({ answers }: Directive): void {
    if (answers <= this.#answered) return;
    this.#answered = answers;
    const sentMs = this.#sentMs.get(answers);
    for (const number of this.#sentMs.keys()) if (number <= answers) this.#sentMs.delete(number);
    if (sentMs !== undefined) this.#leaseEndMs = Math.max(this.#leaseEndMs, sentMs + this.#options.leaseMs);
    if (!this.#hasLease) return;
    this.#renewed();
    if (this.#isSilenced) this.#current?.worker.publish();
    this.#isSilenced = false;
  }

  /** Resolves when there is a lease, or the worker that waits for it has ended. */
  #whenCurrent(): Promise<void> {
    if (this.#hasLease) return Promise.resolve();
    this.#tell();
    return new Promise((resolve) => {
      this.#renewed = resolve;
    });
  }

  /** Leaves the worker of the former epoch and begins one of the new. */
  async #enter(directive: Directive, slot: number): Promise<void> {
    this.#entering += 1;
    const entering = this.#entering;
    const isOutdated = () => this.#isStopped || this.#entering !== entering;
    this.#isEntering = true;
    await this.#drop();
    if (isOutdated()) return;
    try {
      await this.#settle(directive.plan as EpochPlan);
      if (isOutdated()) return;
      const former = this.#former;
      this.#former = undefined;
      const worker = await EpochWorker.make(this.#workerOptions(isOutdated), directive, slot, former);
      if (isOutdated()) {
        await worker.close();
        return;
      }
      this.#current = worker;
      this.#isEntering = false;
      worker.obey(this.#directive as Directive); // It may have changed meanwhile.
      await worker.start();
      if (worker.state !== 'running') return;
      for (const submission of this.#unsubmitted.splice(0)) worker.worker.submit(submission);
    } catch (error) {
      if (!isOutdated()) this.#options.failed(error);
    }
  }

  /** An epoch has begun without this participant. */
  async #leaveEpoch(): Promise<void> {
    this.#entering += 1;
    this.#isEntering = false;
    await this.#drop();
    this.#former = undefined;
    this.#tellSoon();
  }

  #workerOptions(isOutdated: () => boolean): EpochWorkerOptions {
    const unlessOutdated =
      <A extends unknown[]>(then: (...values: A) => void) =>
      (...values: A) => {
        if (!isOutdated()) then(...values);
      };
    return {
      ...this.#options,
      parts: this.#parts,
      segments: this.#segments,
      guard: this.#guard,
      isCurrent: () => {
        this.#isSilenced ||= !this.#hasLease;
        return !isOutdated() && this.#hasLease;
      },
      whenCurrent: () => this.#whenCurrent(),
      onReply: unlessOutdated((target, reply) => this.#reply(target, reply)),
      changed: unlessOutdated(() => this.#tellSoon()),
      failed: unlessOutdated(this.#options.failed),
    };
  }

  #reply(target: ClientReplyTarget, reply: Reply<unknown>): void {
    if (!isRemoteClient(target.client)) {
      this.onReply(target, reply);
      return;
    }
    const { send } = this.#options;
    try {
      send(target.client, encodeClientReply({ target, reply }));
    } catch (error) {
      // One that is too large for a frame: whoever waits is told why there is none.
      send(target.client, encodeClientReply({ target, reply: { ok: false, error: errorData(error) } }));
    }
  }

  /** Ends the present worker. What clients sent and no checkpoint may hold is kept for the next. */
  async #drop(): Promise<void> {
    const former = this.#current;
    this.#current = undefined;
    this.#suspect = undefined;
    this.#renewed();
    if (former === undefined) return;
    const { worker } = former;
    this.#past = { ...statusOf(worker, this.#past), egressPending: 0, backlog: 0, addresses: 0 };
    this.#former = former;
    this.#unsettled = former.pending;
    this.#unsubmitted = [...worker.submissions, ...this.#unsubmitted];
    await former.close();
  }

  /** Finds out what became of the last cut of the former worker. */
  async #settle(plan: EpochPlan): Promise<void> {
    const unsettled = this.#unsettled;
    if (unsettled === undefined) return;
    const isCommitted = await this.#isCommitted(unsettled, plan);
    if (this.#unsettled !== unsettled) return;
    this.#unsettled = undefined;
    if (isCommitted) tellCommitted(unsettled.cut);
    else this.#unsubmitted = [...unsettled.cut.submissions, ...this.#unsubmitted];
  }

  /**
   * A later epoch than the next may begin with a checkpoint that others took meanwhile, also under the same number where that came
   * to nothing here, and then only the log can tell.
   */
  async #isCommitted({ epoch, checkpoint }: PendingCut, { epoch: now, base }: EpochPlan): Promise<boolean> {
    const last = base?.checkpoint ?? 0;
    if (last < checkpoint || now === epoch + 1) return last === checkpoint;
    return (await lastCheckpointUntilEndOf(this.#options.store, epoch)) === checkpoint;
  }

  /** One whose coordinator is in the same process, and has no lease, has none. */
  get #hasLease(): boolean {
    const { platform, isLeading } = this.#options;
    if (platform.clock.monotonic() >= this.#leaseEndMs) return false;
    return this.#coordinator === undefined || (isLeading?.(this.#coordinator) ?? true);
  }

  /** Whether its worker may show anything to the outside. */
  get isCurrent(): boolean {
    return this.#current !== undefined && this.#hasLease;
  }

  readonly #guard: Guard = {
    before: ({ id: invocationId }) =>
      new Promise((decide) => {
        this.#suspects += 1;
        this.#suspect = { number: this.#suspects, invocationId, decide };
        this.#tellSoon();
      }),
  };

  /** Once for all that changes in one turn of the event loop. */
  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#options.platform.scheduler.defer(() => {
      this.#isTelling = false;
      this.#tell();
    });
  }

  #tell(): void {
    if (this.#isStopped) return;
    const { clock, scheduler } = this.#options.platform;
    this.#reports += 1;
    this.#sentMs.set(this.#reports, clock.monotonic());
    if (this.#sentMs.size > 64) this.#sentMs.delete(this.#sentMs.keys().next().value as number);
    this.#heartbeat?.cancel();
    const { leaseMs, reportEveryMs = Number.POSITIVE_INFINITY } = this.#options;
    const everyMs = Math.min(leaseMs / reportsPerLease, reportEveryMs);
    if (Number.isFinite(everyMs)) this.#heartbeat = scheduler.after(everyMs, () => this.#beat());
    this.#options.report(this.#reportNow());
  }

  /** Answers that came while the event loop was busy are heard first. */
  #beat(): void {
    this.#options.platform.scheduler.defer(() => {
      const { platform, leaseMs } = this.#options;
      // A worker that is heard and hears nothing. Its share has to go to others, and only its end tells that it should.
      if (this.#current !== undefined && platform.clock.monotonic() >= this.#leaseEndMs + leaseMs) void this.#drop();
      this.#tell();
    });
  }

  #reportNow(): Report {
    const { endpoint, incarnation, takesWork } = this.#options;
    const current = this.#current;
    return {
      endpoint,
      incarnation,
      number: this.#reports,
      takesWork,
      isLeaving: this.#isLeaving,
      epoch: this.#epoch,
      state: this.state,
      lastCut: current?.lastCut ?? 0,
      part: current?.part,
      readsFrom: current?.readsFrom ?? 0,
      hasChanges: current?.hasChanges ?? true,
      isWanted: current?.isWanted ?? false,
      isDrained: current?.isDrained ?? false,
      isCrowded: current?.worker.isCrowded ?? false,
      suspect: this.#suspect && { number: this.#suspect.number, invocationId: this.#suspect.invocationId },
      status: this.status,
    };
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.failed(asError(error));
    }
  }
}

/** The figures of a worker behind those of its predecessors. */
function statusOf({ pumps, outlets, dispatcher, state }: Worker, past: ParticipantStatus): ParticipantStatus {
  let events = 0;
  for (const pump of pumps.values()) events += pump.progress.routed;
  let { egressPublished } = past;
  let egressPending = 0;
  for (const outlet of outlets.values()) {
    if (outlet.name !== deadLetters.name) egressPublished += outlet.published;
    egressPending += outlet.pending;
  }
  const { counts, backlog } = dispatcher;
  return {
    events,
    invocations: past.invocations + counts.invocations,
    failures: past.failures + counts.failures,
    retries: past.retries + counts.retries,
    deadLetters: past.deadLetters + counts.deadLetters,
    egressPublished,
    egressPending,
    backlog,
    addresses: state.size,
  };
}
