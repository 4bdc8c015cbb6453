import { ApplicationTime } from '../dispatch/application-time.js';
import { Dispatcher, type InFlightCapture } from '../dispatch/dispatcher.js';
import { Envelope, type MessageId, noHeaders } from '../dispatch/envelope.js';
import type { FrozenState } from '../dispatch/frozen-state.js';
import type { EgressTarget } from '../dispatch/invocation.js';
import type { Outlets } from '../dispatch/outlets.js';
import { StateTable } from '../dispatch/state-table.js';
import { type TimerDelta, Timers } from '../dispatch/timers.js';
import type { EgressSink } from '../ports/egress-sink.js';
import type { Logger } from '../ports/logger.js';
import { type Metrics, noMetrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import { nextTurn, type Scheduled } from '../ports/scheduler.js';
import type { AnyAddress } from '../sdk/address.js';
import type { Reply } from '../sdk/contract.js';
import { type DeadLetter, deadLetters } from '../sdk/dead-letter.js';
import { invariant } from '../sdk/errors.js';
import type { FunctionDefinition } from '../sdk/function-definition.js';
import type { ClientReplyTarget } from '../sdk/reply.js';
import { keyGroupOf } from '../state/key-group.js';
import type { KeyGroupRanges } from '../state/key-group-ranges.js';
import type { SegmentSet } from '../state/segment-set.js';
import type { ShapeTable } from '../state/shape.js';
import { type ChannelItem, isRecord } from './channel-item.js';
import { type EgressCut, EgressOutlet, type EgressRun } from './egress-outlet.js';
import { type BoundIngress, IngressPump, type PumpProgress } from './ingress-pump.js';
import { restoreMessage, restoreTimer, type StoredMessage, type StoredTimer } from './message-form.js';
import type { RemoteWorkers } from './remote-workers.js';
import { timerStorage } from './timer-storage.js';
import { WorkerMetrics } from './worker-metrics.js';

/** What an application's modules bind, as a worker needs it: of ingresses and egresses, those that are its own. */
export interface WorkerBindings {
  definitionOf(typeName: string): FunctionDefinition | undefined;
  /** Function types that were given up, with the timers that are stored for them. */
  readonly retired: ReadonlySet<string>;
  readonly ingresses: ReadonlyMap<string, BoundIngress>;
  readonly egresses: ReadonlyMap<string, { readonly sink: EgressSink<unknown> }>;
}

export interface WorkerLimits {
  /** Ingresses pause while more messages than this wait or are being handled. */
  readonly maxBacklog: number;
  /** Addresses that stay in memory; beyond that, idle ones are passivated. */
  readonly maxActivations: number;
}

export interface WorkerOptions {
  readonly platform: Platform;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly bindings: WorkerBindings;
  readonly segments: SegmentSet;
  readonly shapes: ShapeTable;
  readonly maxParallelism: number;
  readonly limits: WorkerLimits;
  /** Application time of the manifest that was restored; 0 for none. */
  readonly applicationTimeMs: number;
  readonly ingressProgress: Readonly<Record<string, PumpProgress>>;
  readonly egressPositions: Readonly<Record<string, { readonly position: unknown }>>;
  /** The number of this worker among those of its epoch. */
  readonly slot: number;
  /** The key groups that are this worker's. */
  readonly keyGroups: KeyGroupRanges;
  /** The others; `undefined` if there are none. */
  readonly remote: RemoteWorkers | undefined;
  /** What message ids of an ingress derive from. */
  readonly seedOf: (ingress: string) => MessageId;
  /** Whether this worker may still show anything to the outside: a process that was cut off may find out late. */
  readonly isCurrent: () => boolean;
  /** Something happened that must not be: the worker is to be closed. */
  readonly failed: (error: unknown) => void;
  /** Somebody waits for the next checkpoint. */
  readonly wanted: () => void;
  /** After a time without, there is something again that a checkpoint would show. */
  readonly stirred: () => void;
  /** By now every ingress of this worker has ended, and nothing is in flight here. */
  readonly drained: () => void;
  /** `isCrowded` is another than before. */
  readonly crowded: () => void;
}

/**
 * `restoring`: state and messages of the last checkpoint are being put in place. `running`: open. `draining`: ingresses are
 * closed, messages are still handled. `closed`: for good; nothing takes effect any more.
 */
export type WorkerState = 'restoring' | 'running' | 'draining' | 'closed';

/** Everything a cut captured. */
export interface WorkerCut {
  readonly state: FrozenState;
  readonly timers: TimerDelta;
  readonly inFlight: InFlightCapture;
  readonly egresses: ReadonlyMap<string, EgressCut>;
  readonly ingresses: Readonly<Record<string, PumpProgress>>;
  readonly applicationTimeMs: number;
  /** Called when the checkpoint is committed. */
  readonly waiters: readonly (() => void)[];
  /** What clients sent since the cut before. */
  readonly submissions: readonly Submission[];
  /** Whether every ingress has ended and nothing was in flight; timers that are not due do not count. */
  readonly isDrained: boolean;
  /** Whether a checkpoint of this cut would differ from the one before. */
  readonly isChanged: boolean;
}

/** What a client sent, until a checkpoint that holds it is committed: should its epoch end before, it is sent again. */
export interface Submission {
  readonly message: StoredMessage;
  /** Called once it is committed. */
  readonly committed: (() => void) | undefined;
}

/**
 * Ingresses wait while any more messages than this are ready to be handled, and route so many records at a time. Few: a message
 * that is handled soon after it was made is still in the processor's cache, and what waits long is work for the garbage
 * collector. `maxBacklog` is for messages that wait for something else.
 */
const mostReady = 64;

/** Activations that are looked at between two turns of the event loop, when memory is kept for another epoch. */
const keptPerSlice = 2_048;

/** One event loop's share of an application: its functions, its ingresses, its way out. */
export class Worker implements Outlets {
  readonly dispatcher: Dispatcher;
  readonly state: StateTable;
  readonly timers: Timers;
  readonly time: ApplicationTime;
  readonly pumps = new Map<string, IngressPump>();
  readonly outlets = new Map<string, EgressOutlet>();
  readonly #options: WorkerOptions;
  /** While it drains: when sinks that fail are no longer tried again. */
  #lastCall: Scheduled | undefined;
  /** `undefined` if nobody measures. */
  readonly #measuring: WorkerMetrics | undefined;
  #phase: WorkerState = 'restoring';
  #cut: WorkerCut | undefined;
  #waiters: (() => void)[] = [];
  #submissions: Submission[] = [];
  /** Ingresses with records that wait for room, in turn. */
  #waitingPumps: IngressPump[] = [];
  #conditions: { holds: () => boolean; resolve: () => void }[] = [];
  /** Whether anything happened since the last cut that a checkpoint would show. */
  #moved = false;
  #wasDrained = false;
  #wasQuiet = true;
  #isCrowded = false;
  #isThrottled = false;
  /** Whether idle activations are being dropped. */
  #isSweeping = false;
  #isPaused = false;
  #throttledMs = 0;
  /** Since when ingresses have records and wait; `undefined` if they do not. */
  #throttledSinceMs: number | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { platform, logger, metrics, segments, shapes, maxParallelism, bindings } = options;
    this.time = new ApplicationTime(platform.clock, options.applicationTimeMs);
    this.state = new StateTable(segments, shapes, maxParallelism, platform.scheduler);
    const definitionOf = (name: string) => bindings.definitionOf(name);
    this.dispatcher = new Dispatcher(
      platform,
      logger,
      metrics,
      this.time,
      this.state,
      this,
      definitionOf,
      options.failed,
    );
    const restore = (stored: StoredTimer) => {
      const [, , [target]] = stored;
      if (bindings.retired.has(target.type.name)) return undefined;
      return restoreTimer(stored, (name) => this.dispatcher.hostOf(name));
    };
    this.timers = new Timers(
      timerStorage(segments, options.keyGroups, restore),
      this.time,
      platform.scheduler,
      (owner) => keyGroupOf(owner.id, maxParallelism),
      ({ envelope }) => this.dispatcher.send(envelope),
      options.failed,
    );
    this.dispatcher.timers = this.timers;
    this.dispatcher.remote = options.remote;
    this.dispatcher.onSlice = () => this.#afterSlice();
    this.dispatcher.onEmpty = () => this.#routeMore();
    for (const [name, { sink }] of bindings.egresses) {
      const position = options.egressPositions[name]?.position;
      const { isCurrent, failed } = options;
      const services = { platform, logger, isCurrent, failed, moved: () => this.#afterSlice() };
      this.outlets.set(name, new EgressOutlet(name, sink, position, services));
    }
    for (const [name, bound] of bindings.ingresses) {
      const services = {
        platform,
        logger,
        hostAt: (to: AnyAddress) => this.dispatcher.hostAt(to),
        enqueue: (envelope: Envelope) => this.dispatcher.send(envelope),
        deadLetter: (letter: DeadLetter) => this.dispatcher.deadLetter(letter),
        hasRecords: (pump: IngressPump) => {
          this.#waitingPumps.push(pump);
          this.#routeMore();
        },
        failed: options.failed,
        moved: () => this.#afterSlice(),
      };
      this.pumps.set(name, new IngressPump(name, bound, services, options.ingressProgress[name], options.seedOf(name)));
    }
    this.#measuring = metrics === noMetrics ? undefined : new WorkerMetrics(this, metrics, platform, options.slot);
  }

  get phase(): WorkerState {
    return this.#phase;
  }

  /**
   * Keeps what a former worker has in memory of the checkpoint that this one begins with, so that it need not be read again: the
   * committed state of what has not changed since, as far as it is this worker's now.
   */
  async inherit(former: Worker): Promise<void> {
    invariant(former.phase === 'closed', 'the memory is kept of a worker that has ended');
    const { keyGroups, platform } = this.#options;
    this.state.succeed(former.state);
    let count = 0;
    for (const { name, activations } of former.dispatcher.hosts) {
      for (const [key, activation] of activations) {
        this.state.keep(this.dispatcher.hostOf(name), key, activation, keyGroups);
        activations.delete(key); // Nothing is there twice for longer than it has to be.
        count += 1;
        if (count % keptPerSlice !== 0) continue;
        await nextTurn(platform.scheduler);
        if (this.phase === 'closed') return;
      }
    }
  }

  /** Opens sinks, so that pending records can be published. */
  async openSinks(): Promise<void> {
    for (const outlet of this.outlets.values()) await outlet.open();
  }

  /** Loads the timers that are due soon: the last of what has to be in place before the worker opens. */
  async prepare(): Promise<void> {
    await this.timers.open();
  }

  /** Everything restored is in place: starts to handle messages and to read ingresses. */
  async open(): Promise<void> {
    invariant(this.#phase === 'restoring', 'a worker opens once, when everything restored is in place');
    this.#phase = 'running';
    this.publish();
    this.#measuring?.start();
    this.dispatcher.open();
    for (const pump of this.pumps.values()) if (this.phase === 'running') await pump.open();
  }

  /** Publishes what may leave: at the start, and when this worker may again, having not been current for a while. */
  publish(): void {
    if (this.#phase === 'running' || this.#phase === 'draining')
      for (const outlet of this.outlets.values()) outlet.publish();
  }

  /**
   * Closes the ingresses; what is in flight goes on.
   *
   * @param patienceMs how long sinks that fail are still tried again.
   */
  async drain(patienceMs: number): Promise<void> {
    if (this.#phase === 'running') this.#phase = 'draining';
    this.#lastCall = this.#options.platform.scheduler.after(patienceMs, () => {
      for (const outlet of this.outlets.values()) outlet.endPatience();
    });
    for (const pump of this.pumps.values()) await pump.close();
  }

  /** Ends for good. What is not in a committed checkpoint is left to recovery. */
  async close(): Promise<void> {
    this.#phase = 'closed';
    this.#lastCall?.cancel();
    this.#measuring?.stop();
    this.dispatcher.close();
    this.timers.close();
    await Promise.allSettled([...this.pumps.values()].map((pump) => pump.close()));
    await Promise.allSettled([...this.outlets.values()].map((outlet) => outlet.close()));
  }

  /** Puts a message in that comes from a client. A checkpoint is asked for at once if somebody waits for it. */
  submit(submission: Submission): void {
    this.#submissions.push(submission);
    this.dispatcher.send(restoreMessage(submission.message, (name) => this.dispatcher.hostOf(name)));
    if (submission.committed !== undefined) this.#options.wanted();
  }

  /** What clients sent since the last cut, oldest first. */
  get submissions(): readonly Submission[] {
    return this.#submissions;
  }

  /** Takes what another worker has sent. */
  receive(item: ChannelItem): void {
    if (item instanceof Envelope) {
      this.dispatcher.enqueue(item);
    } else if (isRecord(item)) {
      const [, name, value, headers] = item;
      const outlet = this.outlets.get(name);
      invariant(outlet !== undefined, `records for ${name} go to the worker that publishes it`);
      outlet.add(value, headers);
    } else {
      const [, handle, reply] = item;
      this.#deliver(handle.target as ClientReplyTarget, reply);
    }
  }

  /** Calls back when a checkpoint that holds everything up to now is committed; asks for it at once. */
  onceCommitted(then: () => void): void {
    this.#waiters.push(then);
    this.#options.wanted();
  }

  /** Whether every ingress has ended and nothing is in flight here; timers that are not due do not count. */
  get isDrained(): boolean {
    if (this.dispatcher.backlog > 0) return false;
    for (const pump of this.pumps.values()) if (!pump.ended) return false;
    return true;
  }

  /** Whether so much waits here that the ingresses of all workers should pause. */
  get isCrowded(): boolean {
    return this.#isCrowded;
  }

  /** Whether some other worker is crowded: what is read here may go there. */
  set isThrottled(isThrottled: boolean) {
    this.#isThrottled = isThrottled;
    this.checkRoom();
  }

  /**
   * While it is paused, a worker takes in what others and clients send and what timers hold, and hands nothing out; it reads no
   * ingress. Asynchronous handlers go on. It can cut, and goes on where it was.
   */
  set isPaused(isPaused: boolean) {
    invariant(this.#phase === 'running', 'a worker pauses while it runs');
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.dispatcher.pause();
    else this.dispatcher.open();
    this.checkRoom();
  }

  /** Lets ingresses go on if there is room. */
  checkRoom(): void {
    this.#routeMore();
  }

  /** Resolves when no handler runs. */
  whenQuiet(): Promise<void> {
    return this.#when(() => this.dispatcher.runningCount === 0);
  }

  #when(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#conditions.push({ holds, resolve }));
  }

  // --- Checkpoints

  /** Whether a checkpoint now would differ from the last one. */
  get hasChanges(): boolean {
    if (this.#moved || this.state.hasChanges || this.timers.hasChanges) return true;
    if (this.#waiters.length > 0 || this.#submissions.length > 0) return true;
    if (this.dispatcher.backlog > 0) return true;
    if (this.#hasFreshRecords) return true;
    for (const pump of this.pumps.values()) if (pump.progress.routed !== this.#lastRouted.get(pump.name)) return true;
    for (const { name, position, published } of this.outlets.values())
      if (position !== this.#lastPosition.get(name) || published !== (this.#lastPublished.get(name) ?? 0)) return true;
    return false;
  }

  readonly #lastRouted = new Map<string, number>();
  readonly #lastPosition = new Map<string, unknown>();
  /** Not every sink has a position that tells. */
  readonly #lastPublished = new Map<string, number>();

  /** Captures a consistent picture of the worker, between invocations. Short: encoding comes later. */
  cut(): WorkerCut {
    invariant(this.#cut === undefined, 'one checkpoint at a time');
    const isChanged = this.hasChanges;
    const ingresses: Record<string, PumpProgress> = {};
    for (const [name, pump] of this.pumps) {
      ingresses[name] = pump.progress;
      this.#lastRouted.set(name, pump.progress.routed);
    }
    const egresses = new Map<string, EgressCut>();
    let number = 0;
    for (const [name, outlet] of this.outlets) {
      const egress = outlet.cut(number);
      egresses.set(name, egress);
      const fresh = egress.runs.at(-1);
      if (fresh?.prefix === undefined) number += fresh?.values.length ?? 0;
      this.#lastPosition.set(name, outlet.position);
      this.#lastPublished.set(name, outlet.published);
    }
    const waiters = this.#waiters;
    const submissions = this.#submissions;
    this.#waiters = [];
    this.#submissions = [];
    this.#moved = false;
    this.#cut = {
      state: this.state.cut(),
      timers: this.timers.cut(),
      inFlight: this.dispatcher.captureInFlight(),
      egresses,
      ingresses,
      applicationTimeMs: this.time.now(),
      waiters,
      submissions,
      isDrained: this.isDrained,
      isChanged,
    };
    return this.#cut;
  }

  /** The cut is durable: what waited for it may leave. Ids of its egress records begin with `egressPrefix`. */
  committed(egressPrefix: string): void {
    const cut = this.#cut;
    invariant(cut !== undefined && this.#phase !== 'closed', 'a commit follows a cut');
    this.#cut = undefined;
    this.state.committed();
    this.timers.committed();
    for (const outlet of this.outlets.values()) outlet.committed(egressPrefix);
    for (const [name, { position }] of this.#options.isCurrent() ? Object.entries(cut.ingresses) : []) {
      this.pumps.get(name)?.acknowledge(position).catch(this.#options.failed);
    }
    tellCommitted(cut);
    this.#passivate();
    this.#afterSlice();
  }

  /** The cut came to nothing: all of it goes into the next. */
  abandon(): void {
    const cut = this.#cut;
    if (cut === undefined) return;
    this.#cut = undefined;
    this.#moved ||= cut.isChanged;
    this.state.abandon();
    this.timers.abandon();
    for (const outlet of this.outlets.values()) outlet.abandon();
    this.#waiters = [...cut.waiters, ...this.#waiters];
    this.#submissions = [...cut.submissions, ...this.#submissions];
  }

  restoreEgress(name: string, run: EgressRun): boolean {
    const outlet = this.outlets.get(name);
    outlet?.restore(run);
    return outlet !== undefined;
  }

  // --- Outlets of the dispatcher

  egressOf(name: string): EgressTarget | undefined {
    return this.outlets.get(name) ?? this.#options.remote?.egressOf(name);
  }

  reply(target: ClientReplyTarget, reply: Reply<unknown>, address: AnyAddress): void {
    const activation = this.dispatcher.activationOf(address);
    const isOld = activation !== undefined && !this.state.isUncommitted(activation) && target.query;
    // A worker that the client is attached to cannot know that, and would wait for a checkpoint.
    const open: ClientReplyTarget = isOld ? { ...target, consistency: 'processed' } : target;
    if (this.#options.remote?.takeReply(open, reply)) return;
    if (isOld) this.onReply(target, reply);
    else this.#deliver(target, reply);
  }

  #deliver(target: ClientReplyTarget, reply: Reply<unknown>): void {
    if (target.consistency === 'processed' && this.#options.isCurrent()) this.onReply(target, reply);
    else this.onceCommitted(() => this.onReply(target, reply));
  }

  /** Takes a reply that may be shown to the outside. */
  onReply: (target: ClientReplyTarget, reply: Reply<unknown>) => void = () => {};

  deadLetter(letter: DeadLetter): void {
    this.#options.logger.warn({ ...letter, message: undefined }, 'dead letter');
    this.#options.metrics.count('sf_dead_letters_total');
    this.egressOf(deadLetters.name)?.add(letter, noHeaders);
  }

  // --- Throttling

  get #hasFreshRecords(): boolean {
    for (const outlet of this.outlets.values()) if (outlet.hasFresh) return true;
    return false;
  }

  /** How long its ingresses had records and waited, because too much was under way. */
  get throttledMs(): number {
    const sinceMs = this.#throttledSinceMs;
    return sinceMs === undefined
      ? this.#throttledMs
      : this.#throttledMs + this.#options.platform.clock.monotonic() - sinceMs;
  }

  /** Whether so much is under way that nothing more may be read. */
  get #isFull(): boolean {
    const { maxBacklog, maxActivations } = this.#options.limits;
    let pending = 0;
    for (const outlet of this.outlets.values()) pending += outlet.pending;
    let crowded = this.state.size > 2 * maxActivations;
    if (crowded && this.#couldDrop) {
      // Twice: what was used since the last time is spared once.
      for (let sweep = 0; sweep < 2; sweep += 1) this.#passivate();
      crowded = this.state.size > 2 * maxActivations;
    }
    // What has changed cannot be dropped, and records cannot leave, before a checkpoint; where neither is so, none would help.
    if ((crowded && this.state.hasChanges) || (pending > 8 * maxBacklog && this.#hasFreshRecords))
      this.#options.wanted();
    return (
      this.#isThrottled ||
      this.#isPaused ||
      (this.#options.remote?.outstanding ?? 0) > maxBacklog ||
      this.dispatcher.backlog > maxBacklog ||
      pending > 16 * maxBacklog ||
      crowded
    );
  }

  /** Drops idle activations beyond the limit: some at once, the rest a slice at a time, each of which may make room for messages. */
  #passivate(): void {
    if (this.#isSweeping) return;
    const sweep = this.state.passivate(this.dispatcher.hosts, this.#options.limits.maxActivations);
    const next = () => {
      this.#isSweeping = this.#phase !== 'closed' && sweep.next().done !== true;
      if (this.#isSweeping) this.#options.platform.scheduler.defer(goOn);
    };
    const goOn = () => {
      next();
      this.#routeMore();
    };
    next();
  }

  /** Whether most of what is in memory may be dropped now, so that no checkpoint is to come after which it would be. */
  get #couldDrop(): boolean {
    return !this.state.hasChanges && this.#cut === undefined && this.dispatcher.busyCount < this.state.size / 2;
  }

  /** Has the ingresses route what they have read, in turn, as far as there is room. */
  #routeMore(): void {
    let isFull = false;
    while (this.#waitingPumps.length > 0 && this.#phase === 'running') {
      isFull = this.#isFull;
      if (isFull || this.dispatcher.ready > mostReady) break;
      const pump = this.#waitingPumps.shift() as IngressPump;
      if (pump.route(mostReady)) this.#waitingPumps.push(pump);
    }
    if (isFull !== (this.#throttledSinceMs !== undefined)) this.#clockThrottling(isFull);
  }

  #clockThrottling(isFull: boolean): void {
    this.#throttledMs = this.throttledMs;
    this.#throttledSinceMs = isFull ? this.#options.platform.clock.monotonic() : undefined;
  }

  /** Not crowded again before half of it is gone, or every message would be told of. */
  #checkCrowd(): void {
    if (this.#options.remote === undefined) return;
    const { maxBacklog } = this.#options.limits;
    const isCrowded = this.dispatcher.backlog > (this.#isCrowded ? maxBacklog / 2 : maxBacklog);
    if (isCrowded === this.#isCrowded) return;
    this.#isCrowded = isCrowded;
    this.#options.crowded();
  }

  #afterSlice(): void {
    this.#routeMore();
    this.#checkCrowd();
    const hasChanges = this.hasChanges;
    if (hasChanges && this.#wasQuiet) this.#options.stirred();
    this.#wasQuiet = !hasChanges;
    const isDrained = this.#phase === 'running' && this.isDrained;
    if (isDrained && !this.#wasDrained) this.#options.drained();
    this.#wasDrained = isDrained;
    if (this.#conditions.length === 0) return;
    this.#conditions = this.#conditions.filter(({ holds, resolve }) => {
      if (!holds()) return true;
      resolve();
      return false;
    });
  }
}

/** Tells those who waited for the checkpoint of a cut that it is committed. */
export function tellCommitted({ waiters, submissions }: WorkerCut): void {
  for (const waiter of waiters) waiter();
  for (const { committed } of submissions) committed?.();
}
