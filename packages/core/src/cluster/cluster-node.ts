import type { CheckpointStatus } from '../checkpoint/checkpointer.js';
import type { CheckpointEntry } from '../checkpoint/manifest.js';
import { listEntries } from '../checkpoint/manifest-log.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { Logger } from '../ports/logger.js';
import type { Membership } from '../ports/membership.js';
import type { Metrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import { randomHex } from '../ports/random.js';
import type { Scheduled } from '../ports/scheduler.js';
import type { Listening, Transport } from '../ports/transport.js';
import { asError, type ErrorCode, StatefulFunctionsError } from '../sdk/errors.js';
import type { CompactionLimits } from '../state/compaction.js';
import type { WorkerBindings, WorkerLimits } from '../worker/worker.js';
import { encodeDirective, encodeOperationAnswer, encodeReport, readControlFrame } from './control-frame.js';
import { Coordinator, noCheckpoints } from './coordinator.js';
import type { EpochPlan } from './directive.js';
import { readFrame } from './frame.js';
import { LeaderLease } from './leader-lease.js';
import type { OperationRequest } from './operation.js';
import { OperationDesk } from './operation-desk.js';
import { Participant } from './participant.js';

export interface ClusterNodeOptions {
  readonly platform: Platform;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly transport: Transport;
  readonly membership: Membership;
  readonly store: BlobStore;
  /** The node's own name, unlike that of any other. */
  readonly name: string;
  /** How many workers it has; 0 for one that only connects clients. */
  readonly workers: number;
  /** What the modules bind, made anew for each worker. */
  readonly bindingsOf: (worker: number) => WorkerBindings;
  /** Names of all that modules bind. */
  readonly ingresses: readonly string[];
  readonly egresses: readonly string[];
  readonly checkManifest: (manifest: CheckpointEntry) => Promise<void>;
  readonly maxParallelism: number;
  readonly limits: WorkerLimits;
  readonly cacheBytes: number;
  readonly stopTimeoutMs: number;
  readonly keep: number;
  readonly intervalMs: number;
  readonly compaction?: CompactionLimits;
  /** Bytes of parts that a manifest has room for: see `CheckpointerOptions`. */
  readonly inlineBytes?: number;
  readonly maxFailures: number;
  readonly checkpointTimeoutMs: number;
  /** How long a node that is cut off goes on; others take over its work after one and a half times as long. */
  readonly leaseMs: number;
  /** So many workers must be there before the application begins for the very first time. */
  readonly minWorkers: number;
  /** A participant began: at the start, and after each failure. It has another incarnation than the one before. */
  readonly joined?: (participant: Participant, worker: number) => void;
  /** Something failed. The node goes on from what is committed. */
  readonly failed?: (error: Error) => void;
  /** Something failed in a way that only people can mend: the node cannot go on. */
  readonly defeated?: (error: Error) => void;
  /** All nodes were told to leave, and the application has come to its end: this one may stop. */
  readonly over?: () => void;
  readonly begun?: (plan: EpochPlan) => void;
}

/** After a failure, a participant or coordinator begins again a little later, and after one soon after it later still. */
const restartAfterMs = 200;
const maxRestartAfterMs = 2_000;
/** After so long without a failure, the next is the first again. */
const forgetAfterMs = 30_000;

/** How often a condition of the whole node is looked at. */
const pollMs = 20;

/** What will not be otherwise at the next attempt. */
const hopeless: ReadonlySet<unknown> = new Set<ErrorCode>([
  'SF_REMOVED_FUNCTION',
  'SF_REMOVED_CONNECTOR',
  'SF_INCOMPATIBLE',
]);

/**
 * One process of a cluster: takes part with its workers, and contends for being the one that coordinates.
 *
 * Invariant: whatever fails here is dropped and begun anew under another incarnation, from what is committed.
 */
export class ClusterNode {
  readonly #options: ClusterNodeOptions;
  readonly #participants: (Participant | undefined)[] = [];
  readonly #listening: Listening[] = [];
  readonly #restarts = new Set<Scheduled>();
  readonly #desk: OperationDesk;
  #failures = 0;
  #failedMs = Number.NEGATIVE_INFINITY;
  #lease: LeaderLease | undefined;
  #coordinator: Coordinator | undefined;
  /** Where the last coordinator that is known of can be reached. */
  #leader: string | undefined;
  /** Of the newest epoch that this node has heard of. */
  #plan: EpochPlan | undefined;
  #isStopped = false;

  constructor(options: ClusterNodeOptions) {
    this.#options = options;
    this.#desk = new OperationDesk(this.#coordinatorEndpoint);
  }

  get name(): string {
    return this.#options.name;
  }

  /** The coordinator, if this node has the role. */
  get coordinator(): Coordinator | undefined {
    return this.#coordinator;
  }

  get participants(): readonly Participant[] {
    return this.#participants.filter((participant) => participant !== undefined);
  }

  /** How the checkpoints of the application do, as far as this node knows: not much, if another coordinates. */
  get checkpoint(): CheckpointStatus {
    return this.#coordinator?.status ?? noCheckpoints;
  }

  async start(): Promise<void> {
    const { transport, workers } = this.#options;
    this.#listening.push(await transport.listen(this.#coordinatorEndpoint, (frame) => this.#hear(frame)));
    for (let worker = 0; worker < Math.max(1, workers); worker += 1) {
      this.#listening.push(await transport.listen(this.#endpointOf(worker), (frame) => this.#receive(worker, frame)));
      this.#join(worker);
    }
    this.#contend();
  }

  /** Resolves when every worker of this node handles messages. */
  async whenRunning(): Promise<void> {
    await this.#until(() => this.#participants.every((participant) => participant?.state === 'running'));
  }

  /**
   * Has the work of this node go to others, or be finished if nobody else is there; resolves when that is done and the node has
   * stopped. What takes longer than `patienceMs` is left to others as it is: nothing is lost by that.
   */
  async leave(patienceMs = Number.POSITIVE_INFINITY): Promise<void> {
    for (const participant of this.participants) participant.leave();
    const { clock } = this.#options.platform;
    const untilMs = clock.monotonic() + patienceMs;
    await this.#until(() => this.participants.every(({ isReleased }) => isReleased) || clock.monotonic() >= untilMs);
    // Others learn from this node that all is over; a message to one that has gone since is for nobody.
    const byeMs = Math.min(untilMs, clock.monotonic() + 2 * this.#options.leaseMs);
    const own = new Set(this.participants.map(({ endpoint }) => endpoint));
    const isAlone = () => this.#coordinator?.reports.every(({ endpoint }) => own.has(endpoint)) ?? true;
    if (this.participants.some(({ isOver }) => isOver))
      await this.#until(() => isAlone() || clock.monotonic() >= byeMs);
    await this.stop();
  }

  /** Ends for good; what is not committed is left to others. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const restart of this.#restarts) restart.cancel();
    await this.#coordinator?.close();
    for (const participant of this.participants) await participant.stop();
    await this.#lease?.stop();
    for (const listening of this.#listening) await listening.close();
  }

  async #until(holds: () => boolean): Promise<void> {
    const { scheduler } = this.#options.platform;
    while (!this.#isStopped && !holds()) await new Promise<void>((resolve) => void scheduler.after(pollMs, resolve));
  }

  get #coordinatorEndpoint(): string {
    return `${this.name}/coordinator`;
  }

  #endpointOf(worker: number): string {
    return `${this.name}/${worker}`;
  }

  // --- Participants

  #join(worker: number): void {
    const { platform, transport, bindingsOf, workers, leaseMs } = this.#options;
    const participant: Participant = new Participant({
      ...this.#options,
      bindings: bindingsOf(worker),
      endpoint: this.#endpointOf(worker),
      incarnation: randomHex(platform.random, 8),
      takesWork: workers > 0,
      leaseMs,
      isLeading: (incarnation) => this.#coordinator?.incarnation !== incarnation || this.#lease?.term !== undefined,
      channelLimits: { maxFrameBytes: Math.min(transport.maxFrameBytes, 256 * 1024) },
      report: (report) => {
        // After a pause it is not known whether the last leader still is one, and who asks it finds out soonest.
        this.#leader = this.#lease?.leader?.endpoint ?? this.#leader;
        if (this.#leader !== undefined) transport.send(this.#leader, encodeReport(report));
      },
      send: (endpoint, frame) => transport.send(endpoint, frame),
      failed: (error) => this.#rejoin(worker, participant, error),
    });
    this.#participants[worker] = participant;
    this.#options.joined?.(participant, worker);
    participant.start();
  }

  #rejoin(worker: number, participant: Participant, error: unknown): void {
    if (this.#isStopped || this.#participants[worker] !== participant) return;
    this.#participants[worker] = undefined;
    this.#heedFailure(error);
    this.#options.logger.error(
      { err: asError(error), worker: participant.endpoint },
      'a worker failed and begins anew',
    );
    participant.stop().then(
      () => this.#later(() => this.#join(worker)),
      () => this.#later(() => this.#join(worker)), // What could not be closed is given up.
    );
  }

  #receive(worker: number, bytes: Uint8Array): void {
    const participant = this.#participants[worker];
    const frame = readFrame(bytes);
    if (frame !== undefined) {
      participant?.receive(frame);
      return;
    }
    const message = readControlFrame(bytes);
    if (message?.kind !== 'directive') return;
    const { plan } = message.directive;
    if (plan !== undefined && plan.epoch > (this.#plan?.epoch ?? 0)) this.#plan = plan;
    participant?.obey(message.directive);
    // One that failed and is about to begin anew has not heard that anything is over.
    if (this.#participants.every((each) => each?.isOver === true)) this.#options.over?.();
  }

  // --- The coordinator

  #contend(): void {
    const { platform, membership, logger, leaseMs } = this.#options;
    const lease = new LeaderLease({
      platform,
      membership,
      logger,
      endpoint: this.#coordinatorEndpoint,
      leaseMs,
      onElected: (term, deposed) => void this.#lead(lease, term, deposed),
      onLost: () => {
        const coordinator = this.#coordinator;
        this.#coordinator = undefined;
        if (coordinator === undefined) return;
        void coordinator.close();
        // Whoever is elected next need not wait for these.
        for (const participant of this.participants) participant.fence(coordinator.incarnation);
      },
      onLeader: () => this.#introduce(),
    });
    this.#lease = lease;
    lease.start();
  }

  async #lead(lease: LeaderLease, term: number, deposed: string | undefined): Promise<void> {
    const { platform, transport, leaseMs } = this.#options;
    const isLeading = () => !this.#isStopped && this.#lease === lease && lease.term === term;
    let workers = 1;
    try {
      // Once an application has begun, it goes on with whoever is there.
      if (this.#plan === undefined && !(await this.#hasBegun())) workers = this.#options.minWorkers;
    } catch (error) {
      if (isLeading()) this.#giveUp(lease, error);
      return;
    }
    if (!isLeading()) return;
    const coordinator = new Coordinator({
      ...this.#options,
      incarnation: randomHex(platform.random, 8),
      savepoint: undefined,
      workers,
      isDeserted: transport.isDeserted && ((endpoint) => transport.isDeserted?.(endpoint) ?? Promise.resolve(false)),
      // By then, whatever the coordinator before has answered does not count any more.
      settleMs: leaseMs,
      former: this.#plan,
      awaited: this.#awaitedAfter(deposed),
      isLeading: () => lease.term === term,
      direct: (endpoint, directive) => {
        if (lease.term !== undefined) transport.send(endpoint, encodeDirective(directive));
      },
      failed: (error) => this.#resign(lease, coordinator, error),
      drained: () => {},
    });
    this.#coordinator = coordinator;
    this.#introduce();
  }

  async #hasBegun(): Promise<boolean> {
    return (await listEntries(this.#options.store)).length > 0;
  }

  /** Those that may still have a share of the former epoch. A node whose own lead has run out has ended its workers with it. */
  #awaitedAfter(deposed: string | undefined): ReadonlySet<string> | undefined {
    const endpoints = this.#plan?.workers.map(({ endpoint }) => endpoint);
    const gone = deposed === undefined ? undefined : nodeOf(deposed);
    return endpoints && new Set(endpoints.filter((endpoint) => nodeOf(endpoint) !== gone));
  }

  /** Tells a coordinator that is new who is here. */
  #introduce(): void {
    for (const participant of this.participants) participant.start();
  }

  /** Another took over, or the log must be read anew: lets others try as well. */
  #resign(lease: LeaderLease, coordinator: Coordinator, error: unknown): void {
    if (this.#isStopped || this.#coordinator !== coordinator) return;
    this.#coordinator = undefined;
    void coordinator.close();
    this.#giveUp(lease, error);
  }

  #giveUp(lease: LeaderLease, error: unknown): void {
    this.#heedFailure(error);
    this.#options.logger.error({ err: asError(error) }, 'the coordinator failed and gives up its role');
    void lease.stop().then(() => this.#later(() => this.#contend()));
  }

  #hear(bytes: Uint8Array): void {
    const message = readControlFrame(bytes);
    if (message?.kind === 'report') this.#coordinator?.hear(message.report);
    else if (message?.kind === 'operation-request') void this.#carryOut(message.request);
  }

  async #carryOut(request: OperationRequest): Promise<void> {
    const coordinator = this.#coordinator;
    if (coordinator === undefined) return; // Whoever asked tries again, and finds who has the role by then.
    const answer = await this.#desk.answer(request, coordinator);
    if (!this.#isStopped) this.#options.transport.send(request.answerTo, encodeOperationAnswer(answer));
  }

  #heedFailure(cause: unknown): void {
    const error = asError(cause);
    const nowMs = this.#options.platform.clock.monotonic();
    const sinceMs = nowMs - this.#failedMs;
    if (sinceMs > forgetAfterMs) this.#failures = 0;
    else if (sinceMs > restartAfterMs) this.#failures += 1; // Several at once have one cause.
    this.#failedMs = nowMs;
    this.#options.failed?.(error);
    if (error instanceof StatefulFunctionsError && hopeless.has(error.code)) this.#options.defeated?.(error);
  }

  #later(work: () => void): void {
    if (this.#isStopped) return;
    const delayMs = Math.min(maxRestartAfterMs, restartAfterMs * 2 ** this.#failures);
    const restart = this.#options.platform.scheduler.after(delayMs, () => {
      this.#restarts.delete(restart);
      if (!this.#isStopped) work();
    });
    this.#restarts.add(restart);
  }
}

/** The name of the node that has an endpoint. */
function nodeOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf('/'));
}
