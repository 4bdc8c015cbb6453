import type { CheckpointEntry } from '../checkpoint/manifest.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { Logger } from '../ports/logger.js';
import type { Membership } from '../ports/membership.js';
import type { Metrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import { randomHex } from '../ports/random.js';
import type { Scheduled } from '../ports/scheduler.js';
import type { Listening, Transport } from '../ports/transport.js';
import { asError } from '../sdk/errors.js';
import type { CompactionLimits } from '../state/compaction.js';
import type { WorkerBindings, WorkerLimits } from '../worker/worker.js';
import { encodeDirective, encodeReport, readControlFrame } from './control-frame.js';
import { Coordinator } from './coordinator.js';
import type { EpochPlan } from './directive.js';
import { readFrame } from './frame.js';
import { LeaderLease } from './leader-lease.js';
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
  readonly maxFailures: number;
  readonly checkpointTimeoutMs: number;
  /** How long a node that is cut off goes on; others take over its work after one and a half times as long. */
  readonly leaseMs: number;
  /** So many workers must be there before anything begins. */
  readonly minWorkers: number;
  /** A participant began: at the start, and after each failure. It has another incarnation than the one before. */
  readonly joined?: (participant: Participant, worker: number) => void;
  /** Something failed. The node goes on from what is committed. */
  readonly failed?: (error: Error) => void;
  readonly begun?: (plan: EpochPlan) => void;
}

/** After a failure, a participant or coordinator begins again a little later. */
const restartAfterMs = 200;

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
  #lease: LeaderLease | undefined;
  #coordinator: Coordinator | undefined;
  #isStopped = false;

  constructor(options: ClusterNodeOptions) {
    this.#options = options;
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

  async start(): Promise<void> {
    const { transport, workers } = this.#options;
    this.#listening.push(await transport.listen(this.#coordinatorEndpoint, (frame) => this.#hear(frame)));
    for (let worker = 0; worker < Math.max(1, workers); worker += 1) {
      this.#listening.push(await transport.listen(this.#endpointOf(worker), (frame) => this.#receive(worker, frame)));
      this.#join(worker);
    }
    this.#contend();
  }

  /** Asks that the work of this node go to others; resolves when it has. */
  async leave(): Promise<void> {
    for (const participant of this.participants) participant.leave();
    const { scheduler } = this.#options.platform;
    while (!this.#isStopped && this.participants.some(({ current }) => current?.hasShare === true)) {
      await new Promise<void>((resolve) => void scheduler.after(restartAfterMs, resolve));
    }
    await this.stop();
  }

  /** Ends for good; what is not committed is left to others. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const restart of this.#restarts) restart.cancel();
    await this.#lease?.stop();
    await this.#coordinator?.close();
    for (const participant of this.participants) await participant.stop();
    for (const listening of this.#listening) await listening.close();
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
      channelLimits: { maxFrameBytes: Math.min(transport.maxFrameBytes, 256 * 1024) },
      report: (report) => {
        const leader = this.#lease?.leader;
        if (leader !== undefined) transport.send(leader.endpoint, encodeReport(report));
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
    this.#options.failed?.(asError(error));
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
    if (message?.kind === 'directive') participant?.obey(message.directive);
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
      onElected: () => this.#lead(lease),
      onLost: () => {
        void this.#coordinator?.close();
        this.#coordinator = undefined;
      },
    });
    this.#lease = lease;
    lease.start();
  }

  #lead(lease: LeaderLease): void {
    const { platform, transport, leaseMs, minWorkers } = this.#options;
    const coordinator = new Coordinator({
      ...this.#options,
      incarnation: randomHex(platform.random, 8),
      savepoint: undefined,
      workers: minWorkers,
      // By then, whatever the coordinator before has answered does not count any more.
      settleMs: leaseMs,
      direct: (endpoint, directive) => {
        if (lease.term !== undefined) transport.send(endpoint, encodeDirective(directive));
      },
      failed: (error) => this.#resign(lease, coordinator, error),
      drained: () => {},
    });
    this.#coordinator = coordinator;
  }

  /** Another took over, or the log must be read anew: lets others try as well. */
  #resign(lease: LeaderLease, coordinator: Coordinator, error: unknown): void {
    if (this.#isStopped || this.#coordinator !== coordinator) return;
    this.#options.failed?.(asError(error));
    this.#options.logger.error({ err: asError(error) }, 'the coordinator failed and gives up its role');
    this.#coordinator = undefined;
    void coordinator.close();
    void lease.stop().then(() => this.#later(() => this.#contend()));
  }

  #hear(bytes: Uint8Array): void {
    const message = readControlFrame(bytes);
    if (message?.kind === 'report') this.#coordinator?.hear(message.report);
  }

  #later(work: () => void): void {
    if (this.#isStopped) return;
    const restart = this.#options.platform.scheduler.after(restartAfterMs, () => {
      this.#restarts.delete(restart);
      if (!this.#isStopped) work();
    });
    this.#restarts.add(restart);
  }
}
