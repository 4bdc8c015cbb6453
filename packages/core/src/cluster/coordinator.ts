import { Checkpointer, type CheckpointStatus } from '../checkpoint/checkpointer.js';
import type { CheckpointEntry, InlinedParts } from '../checkpoint/manifest.js';
import { beginEpoch, beginNextEpoch, type Recovered } from '../checkpoint/recovery.js';
import { Retention } from '../checkpoint/retention.js';
import type { Savepoint } from '../checkpoint/savepoints.js';
import { SuspectGuard } from '../checkpoint/suspect-guard.js';
import type { CheckpointGroup, WorkerPart } from '../checkpoint/worker-part.js';
import { ApplicationTime } from '../dispatch/application-time.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { Logger } from '../ports/logger.js';
import type { Metrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import type { Scheduled } from '../ports/scheduler.js';
import { errorOf, invariant, StatefulFunctionsError } from '../sdk/errors.js';
import { BlockCache } from '../state/block-cache.js';
import type { CompactionLimits } from '../state/compaction.js';
import { SegmentSet } from '../state/segment-set.js';
import { ShapeTable } from '../state/shape.js';
import { Assignment } from './assignment.js';
import type { CommittedCheckpoint, Directive, EpochPlan } from './directive.js';
import { patience } from './leader-lease.js';
import { Member, workersOf } from './member.js';
import type { Report, Suspect } from './report.js';

export interface CoordinatorOptions {
  readonly platform: Platform;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly store: BlobStore;
  /** The random name of this coordinator's start. */
  readonly incarnation: string;
  readonly maxParallelism: number;
  readonly savepoint: string | undefined;
  readonly keep: number;
  readonly cacheBytes: number;
  readonly intervalMs: number;
  readonly compaction?: CompactionLimits | undefined;
  /** Bytes of parts that a manifest has room for: see `CheckpointerOptions`. */
  readonly inlineBytes?: number | undefined;
  readonly maxFailures: number;
  /** A checkpoint that takes longer is given up; infinite for no limit. */
  readonly checkpointTimeoutMs: number;
  /** The first epoch begins as soon as so many workers are there. */
  readonly workers: number;
  /** A participant that is not heard for one and a half times as long is lost; infinite where that shows otherwise. */
  readonly leaseMs: number;
  /** Whether the network says that nobody listens to an endpoint, if it can tell: then its participant is lost with its lease. */
  readonly isDeserted?: ((endpoint: string) => Promise<boolean>) | undefined;
  /** After a worker came or went, how long to wait for more before work is dealt out anew. */
  readonly settleMs: number;
  /** The last plan of the coordinator before, as far as it is known: what can stay where it was does. */
  readonly former?: EpochPlan | undefined;
  /** Endpoints that had a share before and may still hold it. When all of them were heard, the first epoch waits for nobody else. */
  readonly awaited?: ReadonlySet<string> | undefined;
  /** Whether it has the role at this instant; without it, it takes notice and does nothing. Always by default. */
  readonly isLeading?: () => boolean;
  /** Names of all that modules bind. */
  readonly ingresses: readonly string[];
  readonly egresses: readonly string[];
  /** @throws a coded error if this application cannot go on from the manifest. */
  readonly checkManifest: (manifest: CheckpointEntry) => Promise<void>;
  /** Takes a directive to a participant. It may get lost. */
  readonly direct: (endpoint: string, directive: Directive) => void;
  /** The coordinator can do nothing more: another took over, or the store fails. */
  readonly failed: (error: unknown) => void;
  /** All ingresses have ended, and nothing is in flight. */
  readonly drained: () => void;
  /** An epoch has begun: for logs and tests. */
  readonly begun?: (plan: EpochPlan) => void;
}

/**
 * `gathering`: waits for participants. `beginning`: begins an epoch. `running`: an epoch runs. `closed`: for good.
 */
export type CoordinatorState = 'gathering' | 'beginning' | 'running' | 'closed';

/** What is known of an epoch while it runs. */
interface Epoch {
  readonly plan: EpochPlan;
  readonly checkpointer: Checkpointer;
  readonly guard: SuspectGuard;
  committed: CommittedCheckpoint | undefined;
  /** The parts that its manifest holds itself. */
  inlined: InlinedParts | undefined;
  settled: number;
  /** Whether it is to end since workers came or went. */
  isRescaling: boolean;
  /** Whether it is to end with its next checkpoint. */
  isEnding: boolean;
  /** The checkpoint with which it is to end: see `Directive`. */
  pausesAt: number | undefined;
  /** Whether a checkpoint has shown that nothing is left to do, and nobody has said otherwise since. */
  isDrained: boolean;
}

interface Taking {
  readonly checkpoint: number;
  readonly inlineBytes: number;
  readonly parts: Map<number, WorkerPart>;
  readonly blobs: Set<string>;
  readonly resolve: (parts: readonly WorkerPart[]) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: Scheduled | undefined;
}

/** What travels to the coordinator in a report: few, since reports may be sent again. */
const mostInlineBytes = 32 * 1024;

/** After so many epochs in a row that began with one manifest, each message is recorded before it is handled. */
const suspicionAfter = 3;

/**
 * Decides who does what: begins epochs, deals out the work, and has checkpoints taken.
 *
 * Invariants:
 * - An epoch is announced only when it is in the log, so whoever coordinated before can commit nothing any more.
 * - A manifest holds the parts of exactly the incarnations that the epoch was dealt out to, one of each, of one checkpoint.
 * - A participant that is lost, has started again, or has left its epoch ends the epoch for all.
 * - A manifest that was sent is settled before another epoch begins: its checkpoint may be the one to begin with.
 *
 * **Details** It tells participants what is to be, and they tell it what is; both again and again, see `Directive`. Only the
 * log decides what happened.
 */
export class Coordinator implements CheckpointGroup {
  readonly #options: CoordinatorOptions;
  readonly #members = new Map<string, Member>();
  #state: CoordinatorState = 'gathering';
  #recovered: Recovered | undefined;
  #retention: Retention | undefined;
  #time: ApplicationTime | undefined;
  #assignment: Assignment | undefined;
  #epoch: Epoch | undefined;
  #taking: Taking | undefined;
  #lastCheckpoint = 0;
  #committedBefore = 0;
  #abandonedBefore = 0;
  #mode: Directive['phase'] = 'run';
  #isCrowded = false;
  /** Sent so far, to whomever: one who was lost and is heard again knows the newest of them by its number. */
  #directives = 0;
  #everybodyLeaves = false;
  #awaited: ReadonlySet<string> | undefined;
  #settling: Scheduled | undefined;
  /** Those whose endpoints the network is being asked about. */
  readonly #asking = new WeakSet<Member>();
  /** What retired epochs have not deleted or compacted yet. */
  #leftovers: Promise<unknown> = Promise.resolve();
  #watch: Scheduled | undefined;
  #suspect: (Suspect & { readonly endpoint: string; isCondemned: boolean | undefined }) | undefined;
  #conditions: { holds: () => boolean; resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    const { former, awaited } = options;
    this.#assignment = former && Assignment.from(former.assignment);
    this.#awaited = awaited;
    this.#watchMembers();
  }

  get incarnation(): string {
    return this.#options.incarnation;
  }

  get state(): CoordinatorState {
    return this.#state;
  }

  get plan(): EpochPlan | undefined {
    return this.#epoch?.plan;
  }

  /** The reports of all that are there. */
  get reports(): readonly Report[] {
    return [...this.#members.values()].map(({ report }) => report);
  }

  get status(): CheckpointStatus {
    const status = this.#epoch?.checkpointer.status ?? noCheckpoints;
    return {
      ...status,
      committed: status.committed + this.#committedBefore,
      abandoned: status.abandoned + this.#abandonedBefore,
    };
  }

  /** Takes what a participant says of itself. */
  hear(report: Report): void {
    if (this.#state === 'closed') return;
    const { endpoint, incarnation, number } = report;
    const heardMs = this.#options.platform.clock.monotonic();
    let member = this.#members.get(endpoint);
    if (member === undefined || member.incarnation !== incarnation) {
      member = new Member(report, heardMs);
      this.#members.set(endpoint, member);
    } else if (number > member.report.number) member.hear(report, heardMs);
    else return;
    if (report.state === 'stopped') this.#members.delete(endpoint);
    if (!this.#isLeading) return;
    this.#consider(member);
    this.#considerLeavers();
    this.#checkCrowd();
    // Over a network, every report is answered: leases count from it.
    if (Number.isFinite(this.#options.leaseMs)) this.#direct(member);
    this.#checkConditions();
  }

  /** Takes a checkpoint now; resolves when it is committed. @throws SF_STOPPED */
  async checkpoint(): Promise<void> {
    await this.whenRunning();
    await (this.#epoch as Epoch).checkpointer.now();
  }

  /** A checkpoint that stays. @throws SF_SAVEPOINT_EXISTS, SF_INVALID_NAME */
  async savepoint(name: string): Promise<Savepoint> {
    await this.whenRunning();
    return (this.#epoch as Epoch).checkpointer.savepoint(name);
  }

  /** Resolves as soon as an epoch runs and everybody is in it. */
  whenRunning(): Promise<void> {
    return this.#when(() => this.isRunning);
  }

  /** Whether an epoch runs and everybody is in it. */
  get isRunning(): boolean {
    return this.#state === 'running' && this.#everybody((report) => isIn(report));
  }

  /** Has all that are there leave. Since nobody stays, that ends the application; whoever comes later begins it again. */
  dismiss(): void {
    for (const member of this.#members.values()) member.isDismissed = true;
    this.#considerLeavers();
  }

  /**
   * Has all ingresses closed and all handlers end, takes the last checkpoints, and tells everybody that all is over. Resolves
   * before that if somebody came who goes on.
   */
  async drain(): Promise<void> {
    this.#mode = 'drain';
    if (this.#epoch !== undefined) {
      // What ends the application needs no other epoch.
      this.#epoch.isEnding = false;
      this.#epoch.pausesAt = undefined;
    }
    this.#broadcast();
    const isDrained = () => this.#state === 'running' && this.#everybody(({ state }) => state === 'drained');
    await this.#when(() => this.#mode !== 'drain' || isDrained());
    if (this.#mode !== 'drain') return;
    const { checkpointer } = this.#epoch as Epoch;
    // A further checkpoint records that all of the former is published, so that nothing is published again at the next start.
    for (let round = 0; round < 3; round += 1) {
      const before = checkpointer.status.committed;
      await checkpointer.now();
      if (checkpointer.status.committed === before) break;
    }
    if (this.#mode !== 'drain') return;
    this.#mode = 'over';
    this.#broadcast();
  }

  /** Stops coordinating; waits for a manifest that was sent. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#settling?.cancel();
    this.#watch?.cancel();
    this.#rejectTaking(stoppedError());
    for (const { reject } of this.#conditions.splice(0)) reject(stoppedError());
    await this.#epoch?.checkpointer.stop();
    await this.#epoch?.checkpointer.whenTidy();
    await this.#leftovers;
  }

  // --- CheckpointGroup

  /** While everybody says that nothing changed, nobody is asked to cut. */
  get hasChanges(): boolean {
    return !this.#everybody(({ hasChanges, state }) => !hasChanges && state !== 'restoring');
  }

  take(checkpoint: number, inlineBytes: number): Promise<readonly WorkerPart[]> {
    invariant(this.#taking === undefined, 'one checkpoint at a time');
    invariant(checkpoint > this.#lastCheckpoint, `checkpoint ${checkpoint} follows ${this.#lastCheckpoint}`);
    this.#lastCheckpoint = checkpoint;
    const { platform, checkpointTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = Number.isFinite(checkpointTimeoutMs)
        ? platform.scheduler.after(checkpointTimeoutMs, () =>
            this.#rejectTaking(tooLong(checkpoint, checkpointTimeoutMs)),
          )
        : undefined;
      const workers = this.#epoch?.plan.workers.length ?? 1;
      this.#taking = {
        checkpoint,
        inlineBytes: Math.min(mostInlineBytes, Math.floor(inlineBytes / workers)),
        parts: new Map(),
        blobs: new Set(),
        resolve,
        reject,
        timer,
      };
      if (this.#epoch?.isEnding) this.#epoch.pausesAt = checkpoint;
      this.#broadcast();
    });
  }

  committed(checkpoint: number, entry: CheckpointEntry): void {
    this.#endTaking();
    const epoch = this.#epoch;
    if (epoch === undefined) return;
    const { index, segments, shapes, inlined } = entry;
    epoch.committed = { checkpoint, index, segments, shapes };
    epoch.inlined = inlined;
    this.#broadcast();
    if (epoch.pausesAt === checkpoint) this.#renew('the workers are others');
  }

  abandoned(checkpoint: number): readonly string[] {
    const blobs = [...(this.#taking?.blobs ?? [])];
    this.#endTaking();
    if (this.#epoch !== undefined) {
      this.#epoch.settled = checkpoint;
      this.#epoch.pausesAt = undefined;
    }
    this.#broadcast();
    return blobs;
  }

  get readFrom(): number {
    const plan = this.#epoch?.plan;
    let oldest = Number.POSITIVE_INFINITY;
    for (const { endpoint } of plan?.workers ?? []) {
      const report = this.#members.get(endpoint)?.report;
      // One that is still restoring reads what the epoch begins with.
      const isThere = report?.epoch === plan?.epoch && report?.state !== 'waiting' && report?.state !== 'restoring';
      oldest = Math.min(oldest, (isThere ? report?.readsFrom : undefined) ?? plan?.base?.index ?? 0);
    }
    return oldest;
  }

  // --- Members

  /** What a report means for the epoch. */
  #consider(member: Member): void {
    const epoch = this.#epoch;
    const { report } = member;
    if (this.#state === 'gathering') {
      const staying = this.#workers.filter(({ isLeaving }) => !isLeaving);
      if (staying.length >= this.#options.workers) this.#settleSoon();
      return;
    }
    // When all is over, everybody goes.
    if (this.#state !== 'running' || epoch === undefined || this.#mode === 'over') return;
    const { plan, checkpointer } = epoch;
    const slot = plan.workers.findIndex(({ endpoint }) => endpoint === member.endpoint);
    const planned = plan.workers[slot];
    if (planned === undefined) {
      if (report.state !== 'stopped' && !member.isLeaving) this.#settleSoon();
      return;
    }
    const isGone = planned.incarnation !== member.incarnation || report.state === 'stopped';
    if (isGone || (report.epoch === plan.epoch && report.state === 'waiting')) {
      this.#renew(`${member.endpoint} has left its epoch`);
      return;
    }
    if (member.isLeaving && !this.#workers.includes(member)) this.#settleSoon();
    if (report.epoch !== plan.epoch) return;
    if (report.part !== undefined) this.#takePart(slot, report.part);
    const takes = this.#taking?.checkpoint ?? 0;
    if (report.isWanted && takes <= report.lastCut) checkpointer.request();
    this.#considerSuspect(member);
    // A checkpoint tells whether nothing is in flight, at one instant everywhere.
    if (!report.isDrained) epoch.isDrained = false;
    const mayBeDone =
      report.isDrained && !epoch.isDrained && this.#mode === 'run' && this.#options.ingresses.length > 0;
    if (mayBeDone && this.#taking === undefined && this.#everybody((each) => each.isDrained)) checkpointer.request();
  }

  /** Whoever stays takes over; when nobody does, the application comes to its end. */
  #considerLeavers(): void {
    if (this.#state !== 'running' || this.#workers.length === 0) return;
    const everybodyLeaves = this.#workers.every(({ isLeaving }) => isLeaving);
    if (everybodyLeaves === this.#everybodyLeaves) return;
    this.#everybodyLeaves = everybodyLeaves;
    if (everybodyLeaves) {
      // Should an epoch end meanwhile, the next report has it tried again.
      this.drain().catch(() => {
        this.#everybodyLeaves = false;
      });
      return;
    }
    const wasOver = this.#mode === 'over';
    this.#mode = 'run';
    this.#checkConditions();
    if (wasOver) this.#renew('somebody goes on');
    else this.#settleSoon();
  }

  #takePart(slot: number, { checkpoint, blob, part, error }: NonNullable<Report['part']>): void {
    const taking = this.#taking;
    if (taking?.checkpoint !== checkpoint) return;
    if (blob !== undefined) taking.blobs.add(blob);
    if (error !== undefined) {
      this.#rejectTaking(errorOf(error));
      return;
    }
    taking.parts.set(slot, part as WorkerPart);
    const { workers } = (this.#epoch as Epoch).plan;
    if (taking.parts.size < workers.length) return;
    taking.timer?.cancel();
    taking.resolve(workers.map((_, each) => taking.parts.get(each) as WorkerPart));
  }

  #rejectTaking(error: unknown): void {
    this.#taking?.timer?.cancel();
    this.#taking?.reject(error);
  }

  #endTaking(): void {
    this.#taking?.timer?.cancel();
    this.#taking = undefined;
  }

  /** One message at a time is handled anywhere while messages are suspected, and each is recorded first. */
  #considerSuspect(member: Member): void {
    const { suspect } = member.report;
    if (this.#suspect?.endpoint === member.endpoint && this.#suspect.number !== suspect?.number)
      this.#suspect = undefined;
    if (this.#suspect !== undefined) return;
    const next = suspect === undefined ? [...this.#members.values()].find(({ report }) => report.suspect) : member;
    const found = next?.report.suspect;
    const epoch = this.#epoch;
    if (
      found === undefined ||
      next === undefined ||
      epoch === undefined ||
      this.#answeredSuspects.get(next) === found.number
    )
      return;
    this.#answeredSuspects.set(next, found.number);
    const judged = { ...found, endpoint: next.endpoint, isCondemned: undefined as boolean | undefined };
    this.#suspect = judged;
    epoch.guard.before(found.invocationId).then(
      (verdict) => {
        judged.isCondemned = verdict === 'condemned';
        this.#direct(next);
      },
      (error: unknown) => this.#failed(error),
    );
  }

  readonly #answeredSuspects = new WeakMap<Member, number>();

  get #workers(): readonly Member[] {
    return workersOf(this.#members.values());
  }

  #everybody(holds: (report: Report) => boolean): boolean {
    const plan = this.#epoch?.plan;
    if (plan === undefined) return false;
    return plan.workers.every(({ endpoint, incarnation }) => {
      const report = this.#members.get(endpoint)?.report;
      return report?.incarnation === incarnation && report.epoch === plan.epoch && holds(report);
    });
  }

  #watchMembers(): void {
    const { leaseMs, platform } = this.#options;
    if (!Number.isFinite(leaseMs)) return;
    this.#watch = platform.scheduler.after(leaseMs / 8, () => {
      // Reports that came while the event loop was busy are heard first.
      platform.scheduler.defer(() => {
        if (this.#isClosed) return;
        if (this.#isLeading) for (const member of [...this.#members.values()]) this.#considerSilence(member);
        this.#watchMembers();
      });
    });
  }

  /**
   * One that is silent may be late, so it has half a lease more than its worker has. One at whose endpoint nobody listens has not:
   * it is lost as soon as its worker has ended, had it lost nothing but its connection.
   */
  #considerSilence(member: Member): void {
    const { leaseMs, platform } = this.#options;
    const { endpoint, incarnation, heardMs, isDeserted } = member;
    const silentMs = platform.clock.monotonic() - heardMs;
    if (silentMs > leaseMs / 2) this.#askAbout(member);
    if (silentMs <= leaseMs * (isDeserted ? patience : 1.5)) return;
    this.#members.delete(endpoint);
    const isPlanned = this.plan?.workers.some((worker) => worker.incarnation === incarnation) ?? false;
    if (isPlanned && this.#state === 'running' && this.#mode !== 'over') this.#renew(`${endpoint} is lost`);
  }

  #askAbout(member: Member): void {
    const { isDeserted } = this.#options;
    if (isDeserted === undefined || this.#asking.has(member)) return;
    const { endpoint, heardMs } = member;
    this.#asking.add(member);
    const answered = (answer: boolean) => {
      this.#asking.delete(member);
      if (member.heardMs === heardMs) member.isDeserted = answer;
    };
    isDeserted(endpoint).then(answered, () => answered(false)); // Who cannot tell says so.
  }

  /** Ingresses are few and what they read goes anywhere, so all pause for any worker that is behind. */
  #checkCrowd(): void {
    const epoch = this.plan?.epoch;
    const isCrowded = this.reports.some((report) => report.isCrowded && report.epoch === epoch);
    if (isCrowded === this.#isCrowded) return;
    this.#isCrowded = isCrowded;
    this.#broadcast();
  }

  // --- Epochs

  /** Deals out the work anew, after some time in which more may come or go. */
  #settleSoon(): void {
    const { platform, settleMs } = this.#options;
    if (settleMs === 0 || this.#isGathered) this.#settle();
    else this.#settling ??= platform.scheduler.after(settleMs, () => this.#settle());
  }

  #settle(): void {
    this.#settling?.cancel();
    this.#settling = undefined;
    if (!this.#isLeading) return; // The next report has it tried again.
    if (this.#state === 'gathering') this.#renew('the first participants are there');
    else if (this.#state === 'running' && this.#mode === 'run') void this.#rescale();
  }

  /**
   * Whether all were heard that the coordinator before may have told to go on. Otherwise its word has to run out, which is what
   * settling takes at a node.
   */
  get #isGathered(): boolean {
    if (this.#state !== 'gathering' || this.#awaited === undefined) return false;
    for (const endpoint of this.#awaited) if (!this.#members.has(endpoint)) return false;
    return true;
  }

  /**
   * Has workers pause at the cut of a checkpoint, and begins another epoch as soon as it is committed: so no work is done again.
   * One checkpoint more goes before, so that little is left to be stored while they pause.
   */
  async #rescale(): Promise<void> {
    const epoch = this.#epoch as Epoch;
    if (epoch.isRescaling) return;
    epoch.isRescaling = true;
    const goesOn = () => this.#epoch === epoch && this.#state === 'running' && this.#mode === 'run';
    try {
      await epoch.checkpointer.now();
      epoch.isEnding = goesOn();
      await epoch.checkpointer.now();
    } catch {
      // Without checkpoints, more is done again, and nothing else.
    }
    epoch.isRescaling = false;
    epoch.isEnding = false;
    // Where nothing has changed, none was committed that would have ended it.
    if (goesOn()) this.#renew('the workers are others');
  }

  /** Begins another epoch, when what is under way has come to its end. */
  #renew(why: string): void {
    if (this.#state === 'closed' || this.#state === 'beginning') return;
    this.#state = 'beginning';
    this.#options.logger.debug({ why }, 'an epoch begins');
    this.#rejectTaking(new StatefulFunctionsError('SF_STORAGE', `the epoch has ended: ${why}.`));
    this.#begin().catch((error: unknown) => this.#failed(error));
  }

  async #begin(): Promise<void> {
    const { platform, store, incarnation, maxParallelism, savepoint, checkManifest, keep } = this.#options;
    this.#awaited = undefined;
    await this.#retire();
    if (this.#isClosed) return;
    if (this.#recovered === undefined) {
      this.#recovered = await beginEpoch(store, platform, { maxParallelism, savepoint, incarnation, checkManifest });
      const { log, savepoints, manifest } = this.#recovered;
      this.#retention = new Retention(store, log, savepoints, { keep });
      this.#time = new ApplicationTime(platform.clock, manifest?.applicationTimeMs ?? 0);
    } else this.#recovered = await beginNextEpoch(this.#recovered);
    if (this.#isClosed) return;
    if (this.#workers.length === 0) {
      // Everybody has gone meanwhile: the epoch stays without a plan, and another is begun when somebody is there.
      this.#state = 'gathering';
      return;
    }
    const { manifest } = this.#recovered;
    this.#lastCheckpoint = Math.max(this.#lastCheckpoint, manifest?.checkpoint ?? 0);
    this.#epoch = this.#makeEpoch(this.#recovered);
    this.#state = 'running';
    this.#options.begun?.(this.#epoch.plan);
    this.#broadcast();
    this.#epoch.checkpointer.start();
    // Whoever came or went meanwhile was not considered.
    for (const member of [...this.#members.values()]) this.#consider(member);
    this.#checkConditions();
    await this.#retention?.sweep();
  }

  /** Ends the present epoch here: no checkpoint of it is committed any more. */
  async #retire(): Promise<void> {
    const epoch = this.#epoch;
    if (epoch === undefined) return;
    await epoch.checkpointer.stop();
    this.#leftovers = Promise.all([this.#leftovers, epoch.checkpointer.whenTidy()]);
    const { committed, abandoned } = epoch.checkpointer.status;
    this.#committedBefore += committed;
    this.#abandonedBefore += abandoned;
    this.#epoch = undefined;
    this.#suspect = undefined;
    this.#endTaking();
  }

  #makeEpoch(recovered: Recovered): Epoch {
    const { platform, logger, metrics, store, incarnation, cacheBytes, intervalMs, maxFailures, drained } =
      this.#options;
    const { log, savepoints, settings, manifest, attempts, suspects } = recovered;
    const segments = new SegmentSet(store, new BlockCache(cacheBytes));
    segments.replace(manifest?.segments ?? []);
    const checkpointer = new Checkpointer({
      group: this,
      log,
      store,
      segments,
      shapes: new ShapeTable(manifest?.shapes),
      retention: this.#retention as Retention,
      savepoints,
      platform,
      logger,
      metrics,
      settings,
      incarnation,
      lastCheckpoint: this.#lastCheckpoint,
      base: manifest,
      intervalMs,
      compaction: this.#options.compaction,
      inlineBytes: this.#options.inlineBytes,
      maxFailures,
      failed: (error) => this.#failed(error),
      drained: () => {
        if (this.#epoch !== undefined) this.#epoch.isDrained = true;
        if (this.#mode === 'run') drained();
      },
    });
    const plan = this.#planOf(recovered, attempts > suspicionAfter);
    return {
      plan,
      checkpointer,
      guard: new SuspectGuard(log, suspects),
      committed: undefined,
      inlined: undefined,
      settled: 0,
      isRescaling: false,
      isEnding: false,
      pausesAt: undefined,
      isDrained: false,
    };
  }

  #planOf({ log, manifest }: Recovered, isSuspicious: boolean): EpochPlan {
    const { maxParallelism, ingresses, egresses } = this.#options;
    const working = new Set(this.#workers);
    const workers = [...working].map(({ endpoint }) => endpoint);
    invariant(workers.length > 0, 'an epoch has a worker');
    const made = Assignment.make({ maxParallelism, workers, ingresses, egresses }, this.#assignment);
    const others = [...this.#members.values()].filter((member) => !working.has(member) && !member.isLeaving);
    const idle = others.map(({ endpoint }) => endpoint);
    const { workers: shares } = made.toData();
    const nothing = idle.sort().map((name) => ({ name, ranges: [], ingresses: [], egresses: [] }));
    const assignment = { maxParallelism, workers: [...shares, ...nothing] };
    this.#assignment = made;
    const base = log.base;
    return {
      epoch: log.epoch,
      logId: log.logId as string,
      base: manifest && {
        checkpoint: manifest.checkpoint,
        index: manifest.index,
        token: manifest.token,
        savepoint: base?.kind === 'restore' ? base.savepoint : undefined,
      },
      assignment,
      workers: assignment.workers.map(({ name }) => {
        const { endpoint, incarnation } = this.#members.get(name) as Member;
        return { endpoint, incarnation };
      }),
      isSuspicious,
    };
  }

  // --- Directives

  #broadcast(): void {
    for (const member of [...this.#members.values()]) this.#direct(member);
  }

  #direct(member: Member): void {
    if (this.#state === 'closed') return;
    const epoch = this.#epoch;
    this.#directives += 1;
    const { report } = member;
    const suspect = this.#suspect?.endpoint === member.endpoint ? this.#suspect : undefined;
    this.#options.direct(member.endpoint, {
      coordinator: this.#options.incarnation,
      number: this.#directives,
      answers: report.number,
      plan: epoch?.plan,
      committed: epoch?.committed,
      inlined: epoch?.inlined,
      settled: epoch?.settled ?? 0,
      checkpoint: this.#taking?.checkpoint,
      inlineBytes: this.#taking?.inlineBytes ?? 0,
      pausesAt: epoch?.pausesAt,
      isCrowded: this.#isCrowded,
      phase: this.#mode,
      verdict:
        suspect?.isCondemned === undefined ? undefined : { number: suspect.number, isCondemned: suspect.isCondemned },
      applicationTimeMs: this.#time?.now() ?? 0,
    });
  }

  #when(holds: () => boolean): Promise<void> {
    if (this.#isClosed) return Promise.reject(stoppedError());
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#conditions.push({ holds, resolve, reject }));
  }

  #checkConditions(): void {
    if (this.#conditions.length === 0) return;
    this.#conditions = this.#conditions.filter(({ holds, resolve }) => {
      if (!holds()) return true;
      resolve();
      return false;
    });
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return;
    this.#options.failed(error);
  }

  get #isLeading(): boolean {
    return this.#options.isLeading?.() ?? true;
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }
}

export const noCheckpoints: CheckpointStatus = {
  checkpoint: 0,
  index: 0,
  committed: 0,
  abandoned: 0,
  lastDurationMs: 0,
  segments: 0,
  bytes: 0,
};

function isIn({ state }: Report): boolean {
  return state === 'running' || state === 'draining' || state === 'drained';
}

function stoppedError(): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_STOPPED',
    'the application has stopped and takes no checkpoint. Start it again.',
  );
}

function tooLong(checkpoint: number, ms: number): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_STORAGE', `checkpoint ${checkpoint} was not complete within ${ms} ms`);
}
