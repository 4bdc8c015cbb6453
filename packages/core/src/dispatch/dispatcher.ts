import type { Logger } from '../ports/logger.js';
import type { Metrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import type { AnyAddress } from '../sdk/address.js';
import type { DeadLetter } from '../sdk/dead-letter.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { FunctionDefinition } from '../sdk/function-definition.js';
import { Activation } from './activation.js';
import type { ApplicationTime } from './application-time.js';
import type { Envelope } from './envelope.js';
import { FunctionHost } from './function-host.js';
import type { EgressTarget } from './invocation.js';
import { Invoker, type MessageFlow } from './invoker.js';
import { LookAhead } from './look-ahead.js';
import { MessageQueue } from './message-queue.js';
import type { Outlets } from './outlets.js';
import type { StateTable } from './state-table.js';
import type { Timers } from './timers.js';

/** Finds the message that ends the process: see `SuspectGuard`. */
export interface Guard {
  /** Resolves once it is durably recorded that this message is about to be handled; `condemned` if it is the culprit. */
  before(envelope: Envelope): Promise<'innocent' | 'condemned'>;
}

/** A slice of work ends after so many messages, or so much time, to let barriers, timers and I/O have their turn. */
const sliceMessages = 4_096;
const sliceMs = 5;

/** What is in flight at a cut. */
export interface InFlightCapture {
  readonly current: readonly Envelope[];
  readonly waiting: readonly Iterable<Envelope>[];
}

export interface DispatcherCounts {
  readonly invocations: number;
  readonly failures: number;
  readonly retries: number;
  readonly deadLetters: number;
}

/**
 * Hands messages to functions: one at a time per address, in order. How one is handled is the `Invoker`'s.
 *
 * Invariant: while an activation is not idle, what arrives for it waits in its mailbox.
 */
export class Dispatcher implements MessageFlow {
  /** Dead letters, those of ingresses included. */
  deadLetters = 0;
  readonly #hosts = new Map<string, FunctionHost>();
  readonly #queue = new MessageQueue();
  readonly #ahead = new LookAhead();
  readonly #invoker: Invoker = new Invoker(this);
  /** Activations whose mailbox may move on. */
  #resumed: Activation[] = [];
  /** Activations that are not idle: what a cut must look at beside the queue. */
  readonly #busy = new Set<Activation>();
  #mailed = 0;
  #scheduled = false;
  #isOpen = false;
  #isClosed = false;
  #guarding = false;

  #guard: Guard | undefined;
  timers!: Timers;
  /** Takes the messages for functions of other workers; `undefined` when there are none. */
  remote: { takeMessage(envelope: Envelope): boolean } | undefined;
  /** Called when a slice of work has ended. */
  onSlice: () => void = () => {};
  /** Called when the queue has run empty before the end of a slice: whoever has messages may queue them. */
  onEmpty: () => void = () => {};
  /** Called when an attempt to handle a message has failed. */
  onFailure: (envelope: Envelope, error: Error) => void = () => {};

  constructor(
    readonly platform: Platform,
    readonly logger: Logger,
    readonly metrics: Metrics,
    readonly time: ApplicationTime,
    readonly state: StateTable,
    readonly outlets: Outlets,
    readonly definitionOf: (name: string) => FunctionDefinition | undefined,
    /** A broken invariant, or storage that failed: the worker must stop. */
    readonly fatal: (error: unknown) => void,
  ) {}

  // --- InvocationServices

  now(): number {
    return this.time.now();
  }

  hostOf(typeName: string): FunctionHost {
    const host = this.#hosts.get(typeName) ?? this.#makeHost(typeName);
    if (host !== undefined) return host;
    throw new StatefulFunctionsError(
      'SF_UNBOUND_FUNCTION',
      `no module binds ${typeName}. Bind it with binder.bindFunctions().`,
    );
  }

  /** The host of the function behind an address. */
  hostAt(to: AnyAddress): FunctionHost {
    return this.hostOf(to.type.name);
  }

  egressOf(name: string): EgressTarget {
    const target = this.outlets.egressOf(name);
    if (target !== undefined) return target;
    throw new StatefulFunctionsError(
      'SF_UNBOUND_EGRESS',
      `no module binds the egress ${name}. Bind it with binder.bindEgress().`,
    );
  }

  // --- The flow of messages

  /** Messages that wait: queued, in mailboxes, or being handled. */
  get backlog(): number {
    return this.#queue.size + this.#mailed + this.#busy.size;
  }

  /** Messages that could be handled now. */
  get ready(): number {
    return this.#queue.size;
  }

  get hosts(): IterableIterator<FunctionHost> {
    return this.#hosts.values();
  }

  /** What became of the messages of all functions. */
  get counts(): DispatcherCounts {
    let invocations = 0;
    let failures = 0;
    let retries = 0;
    for (const { figures } of this.hosts) {
      invocations += figures.invocations;
      failures += figures.failures;
      retries += figures.retries;
    }
    return { invocations, failures, retries, deadLetters: this.deadLetters };
  }

  /** Messages being handled or in mailboxes, by function. Takes time that grows with the busy addresses. */
  busyByFunction(): Map<FunctionHost, number> {
    const busy = new Map<FunctionHost, number>();
    for (const { host, mailbox } of this.#busy) busy.set(host, (busy.get(host) ?? 0) + 1 + (mailbox?.size ?? 0));
    return busy;
  }

  get guard(): Guard | undefined {
    return this.#guard;
  }

  /** As long as there is one, messages are handled one at a time. */
  set guard(guard: Guard | undefined) {
    this.#guard = guard;
    this.#wake();
  }

  activationOf(address: AnyAddress): Activation | undefined {
    return this.#hosts.get(address.type.name)?.activations.get(address.id);
  }

  /** Starts to hand out messages, or goes on with it after a pause. */
  open(): void {
    this.#isOpen = true;
    this.#wake();
  }

  /** Stops handing out messages, retries included; asynchronous handlers that run go on. */
  pause(): void {
    this.#isOpen = false;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends for good: what still runs takes no effect. */
  close(): void {
    this.#isOpen = false;
    this.#isClosed = true;
    for (const activation of this.#busy) {
      activation.retry?.cancel();
      activation.invocation?.abort(new StatefulFunctionsError('SF_STOPPED', 'the worker stops'));
    }
  }

  /** Addresses that are not idle. */
  get busyCount(): number {
    return this.#busy.size;
  }

  get runningCount(): number {
    let count = 0;
    for (const activation of this.#busy)
      if (activation.state === 'running' || activation.state === 'loading') count += 1;
    return count;
  }

  /** Sends a message to wherever its target is. */
  send(envelope: Envelope): void {
    if (this.remote?.takeMessage(envelope) === true) return;
    this.enqueue(envelope);
  }

  /** Queues a message for a function of this worker. */
  enqueue(envelope: Envelope): void {
    this.#queue.push(envelope);
    if (!this.#scheduled) this.#wake();
  }

  /**
   * Captures what is in flight: for each busy address the message at work and its mailbox, then the queue. Takes time that
   * grows with the busy addresses, not with the queue.
   */
  captureInFlight(): InFlightCapture {
    const current: Envelope[] = [];
    const waiting: Iterable<Envelope>[] = [];
    for (const activation of this.#busy) {
      const { current: envelope, mailbox } = activation;
      if (envelope !== undefined) current.push(envelope);
      if (mailbox !== undefined && mailbox.size > 0) waiting.push(mailbox.snapshot());
    }
    waiting.push(this.#queue.snapshot());
    return { current, waiting };
  }

  #wake(): void {
    if (this.#scheduled || !this.#isOpen) return;
    this.#scheduled = true;
    this.platform.scheduler.defer(() => this.#slice());
  }

  #slice(): void {
    this.#scheduled = false;
    if (!this.#isOpen) return;
    try {
      this.#work();
    } catch (error) {
      this.fatal(error);
      return;
    }
    if (!this.#isHeld && (this.#queue.size > 0 || this.#resumed.length > 0)) this.#wake();
    this.onSlice();
  }

  /** Whether the next message must wait for what is under way: whoever ends that wakes the dispatcher. */
  get #isHeld(): boolean {
    return this.#guarding || (this.#guard !== undefined && this.runningCount > 0);
  }

  #work(): void {
    const { clock } = this.platform;
    const endMs = clock.monotonic() + sliceMs;
    let left = sliceMessages;
    // Since the last slice, activations may have been dropped.
    this.#ahead.clear();
    while (left > 0 && this.#isOpen) {
      // A verdict that is still awaited is about the message at the head, even when the guard is gone meanwhile.
      if (this.#guard !== undefined || this.#guarding) {
        this.#workGuarded();
        return;
      }
      if (this.#resumed.length > 0) {
        left -= this.#resume(left);
      } else {
        if (this.#queue.size === 0) this.onEmpty();
        if (this.#ahead.isEmpty) this.#ahead.fill(this.#queue);
        const envelope = this.#queue.shift();
        if (envelope === undefined) return;
        this.#dispatch(envelope, this.#ahead.take());
        left -= 1;
      }
      if ((left & 63) === 0 && clock.monotonic() >= endMs) return;
    }
  }

  /** Lets each activation that became free work off its mailbox. */
  #resume(most: number): number {
    let done = 0;
    while (this.#resumed.length > 0 && done < most) {
      const activation = this.#resumed[this.#resumed.length - 1] as Activation;
      const envelope = activation.state === 'draining' ? activation.mailbox?.shift() : undefined;
      if (envelope === undefined) {
        this.#resumed.pop();
        if (activation.state === 'draining') this.#rest(activation);
        continue;
      }
      this.#mailed -= 1;
      done += 1;
      activation.state = 'idle';
      this.#invoker.invoke(activation, envelope);
      if (activation.state === 'idle') activation.state = 'draining';
      else this.#resumed.pop();
    }
    return Math.max(done, 1);
  }

  /** @param found the activation of the target, if it has been looked up. */
  #dispatch(envelope: Envelope, found?: Activation): void {
    const { host, key, origin } = envelope;
    let activation = found ?? host.activations.get(key);
    if (activation === undefined) {
      activation = this.state.activate(host, key);
      this.#loadState(activation);
    }
    if (origin instanceof Activation && origin.neighbour !== activation) origin.neighbour = activation;
    activation.recent = true;
    if (activation.state !== 'idle') {
      activation.enqueue(envelope);
      this.#mailed += 1;
      return;
    }
    this.#invoker.invoke(activation, envelope);
  }

  /** Puts the state of an activation in place; whether that takes a while. */
  #loadState(activation: Activation): boolean {
    const loading = this.state.load(activation);
    if (loading !== undefined) this.awaitLoading(activation, loading);
    return loading !== undefined;
  }

  /** While something is loaded, messages wait in the mailbox. */
  awaitLoading(activation: Activation, loading: Promise<void>): void {
    activation.state = 'loading';
    this.#busy.add(activation);
    loading.then(
      () => {
        if (this.#isClosed) return;
        this.#guardFatal(() => this.free(activation));
        if (this.#guard !== undefined) this.#wake();
        if (!this.#isOpen) this.onSlice();
      },
      (error: unknown) => {
        if (!this.#isClosed) this.fatal(error);
      },
    );
  }

  occupy(activation: Activation): void {
    this.#busy.add(activation);
  }

  settle(work: () => void): void {
    this.#guardFatal(work);
    if (this.#guard !== undefined) this.#wake();
    this.onSlice();
  }

  deadLetter(letter: DeadLetter): void {
    this.deadLetters += 1;
    this.outlets.deadLetter(letter);
  }

  /** The activation can take its next message: the one it holds, then its mailbox. */
  free(activation: Activation): void {
    // A retry that a checkpoint held waits at an address whose state was never asked for.
    if (!activation.loaded && this.#loadState(activation)) return;
    if (!this.#isOpen) this.#queueFirst(activation);
    const { current } = activation;
    if (current !== undefined) {
      activation.current = undefined;
      activation.state = 'idle';
      this.#invoker.invoke(activation, current);
      if (activation.state !== 'idle') return;
    }
    if (activation.mailbox !== undefined && activation.mailbox.size > 0) {
      activation.state = 'draining';
      this.#busy.add(activation);
      this.#resumed.push(activation);
      this.#wake();
    } else this.#rest(activation);
  }

  #rest(activation: Activation): void {
    activation.state = 'idle';
    activation.mailbox = undefined;
    this.#busy.delete(activation);
    if (this.#isOpen && this.#queue.size === 0 && this.#busy.size === 0) this.#wake();
  }

  /** Keeps a message at the head of its mailbox until its next attempt is due. */
  retryLater(activation: Activation, envelope: Envelope, delayMs: number): void {
    activation.state = 'waiting';
    activation.current = envelope;
    this.#busy.add(activation);
    activation.retry = this.platform.scheduler.after(delayMs, () => {
      activation.retry = undefined;
      if (this.#isClosed) return;
      activation.current = envelope.proceed({ retryAtMs: 0 });
      if (this.#guard !== undefined) this.#queueFirst(activation);
      this.#guardFatal(() => this.free(activation));
    });
  }

  /** Puts a message that is to be tried again at the head of its mailbox, to be handed out, and recorded, like any other. */
  #queueFirst(activation: Activation): void {
    const { current } = activation;
    if (current === undefined) return;
    const mailbox = new MessageQueue();
    mailbox.push(current);
    for (const envelope of activation.mailbox?.snapshot() ?? []) mailbox.push(envelope);
    activation.current = undefined;
    activation.mailbox = mailbox;
    this.#mailed += 1;
  }

  // --- Recovery

  /** Puts a message back that a checkpoint held, in the order it is called. */
  restore(envelope: Envelope): void {
    const delayMs = envelope.retryAtMs - this.time.now();
    if (envelope.retryAtMs === 0 || delayMs <= 0) {
      envelope.retryAtMs = 0;
      this.#queue.push(envelope);
      return;
    }
    const { host, key } = envelope;
    const activation = host.activations.get(key) ?? this.state.activate(host, key);
    if (activation.state !== 'idle') {
      this.#queue.push(envelope);
      return;
    }
    this.retryLater(activation, envelope, delayMs);
  }

  // --- Suspects

  /** One message at a time, each only once it is recorded that it is about to be handled. */
  #workGuarded(): void {
    this.#ahead.clear();
    if (this.#isHeld) return;
    const guard = this.#guard as Guard;
    const resumed = this.#resumed[this.#resumed.length - 1];
    if (resumed !== undefined && (resumed.mailbox?.peek() === undefined || resumed.state !== 'draining')) {
      this.#resume(1);
      return;
    }
    const envelope = resumed?.mailbox?.peek() ?? this.#queue.peek();
    if (envelope === undefined) return;
    this.#guarding = true;
    guard.before(envelope).then(
      (verdict) => {
        this.#guarding = false;
        if (this.#isClosed || !this.#isOpen) return; // After a pause, the question is asked again.
        this.#guardFatal(() => this.#judge(envelope, verdict, resumed));
        this.#wake();
      },
      (error: unknown) => this.fatal(error),
    );
  }

  #judge(envelope: Envelope, verdict: 'innocent' | 'condemned', resumed: Activation | undefined): void {
    if (verdict === 'innocent') {
      if (resumed !== undefined) this.#resume(1);
      else this.#dispatch(this.#queue.shift() as Envelope);
      return;
    }
    if (resumed !== undefined) {
      resumed.mailbox?.shift();
      this.#mailed -= 1;
    } else this.#queue.shift();
    const { host, key } = envelope;
    const activation = resumed ?? host.activations.get(key) ?? new Activation(host, key);
    this.#invoker.bury(
      activation,
      envelope,
      new StatefulFunctionsError('SF_POISONED', 'the process ended each time this message was handled.'),
    );
  }

  #guardFatal(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fatal(error);
    }
  }

  #makeHost(name: string): FunctionHost | undefined {
    const definition = this.definitionOf(name);
    if (definition === undefined) return undefined;
    const host = new FunctionHost(definition);
    this.#hosts.set(name, host);
    return host;
  }
}
