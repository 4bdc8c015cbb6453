import { copyValue } from '../codec/data-model.js';
import type { Logger } from '../ports/logger.js';
import type { Metrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import { randomFraction } from '../ports/random.js';
import type { AnyAddress } from '../sdk/address.js';
import type { Reply } from '../sdk/contract.js';
import type { DeadLetter } from '../sdk/dead-letter.js';
import { asError, invariant, StatefulFunctionsError } from '../sdk/errors.js';
import type { FunctionDefinition } from '../sdk/function-definition.js';
import { type CancellationToken, type ClientReplyTarget, ReplyHandle } from '../sdk/reply.js';
import { Activation } from './activation.js';
import type { ApplicationTime } from './application-time.js';
import type { Envelope } from './envelope.js';
import { FunctionHost } from './function-host.js';
import { type EgressTarget, Invocation, type InvocationServices } from './invocation.js';
import { LookAhead } from './look-ahead.js';
import { MessageQueue } from './message-queue.js';
import type { StateTable } from './state-table.js';
import type { Timers } from './timers.js';

/** Where the effects of invocations go that leave the worker. */
export interface Outlets {
  /** What takes records for an egress; `undefined` if none of that name is bound. */
  egressOf(name: string): EgressTarget | undefined;
  reply(target: ClientReplyTarget, reply: Reply<unknown>, address: AnyAddress): void;
  deadLetter(letter: DeadLetter): void;
}

/** Finds the message that ends the process: see `SuspectGuard`. */
export interface Guard {
  /** Resolves once it is durably recorded that this message is about to be handled; `condemned` if it is the culprit. */
  before(envelope: Envelope): Promise<'innocent' | 'condemned'>;
}

/** A slice of work ends after so many messages, or so much time, to let barriers, timers and I/O have their turn. */
const sliceMessages = 4_096;
const sliceMs = 5;
/** In place of a time for what is not timed. */
const untimed = -1;
/** After so many runs that ended at an entry which was not in memory, the whole map or list is loaded. */
const dooms = 3;

/** What is in flight at a cut: what changes about a message while it is handled is captured beside it. */
export interface InFlightCapture {
  readonly current: readonly CapturedMessage[];
  readonly waiting: readonly Iterable<Envelope>[];
}

export interface CapturedMessage {
  readonly envelope: Envelope;
  readonly attempt: number;
  readonly retryAtMs: number;
  readonly settled: boolean;
}

export interface DispatcherCounts {
  readonly invocations: number;
  readonly failures: number;
  readonly retries: number;
  readonly deadLetters: number;
}

/**
 * Hands messages to functions: one at a time per address, in order, each invocation all or nothing.
 *
 * Invariants: an activation has at most one invocation; while it is not idle, what arrives for it waits in its mailbox; the
 * effects of an invocation land in one synchronous step, and none land after the dispatcher has closed.
 */
export class Dispatcher implements InvocationServices {
  /** Dead letters, those of ingresses included. */
  deadLetters = 0;
  readonly #hosts = new Map<string, FunctionHost>();
  readonly #queue = new MessageQueue();
  readonly #ahead = new LookAhead();
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
    const current: CapturedMessage[] = [];
    const waiting: Iterable<Envelope>[] = [];
    for (const activation of this.#busy) {
      const { current: envelope, mailbox } = activation;
      if (envelope !== undefined) {
        const { attempt, retryAtMs, settled } = envelope;
        current.push({ envelope, attempt, retryAtMs, settled });
      }
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
      this.#invoke(activation, envelope);
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
    this.#invoke(activation, envelope);
  }

  /** Puts the state of an activation in place; whether that takes a while. */
  #loadState(activation: Activation): boolean {
    const loading = this.state.load(activation);
    if (loading !== undefined) this.#awaitLoading(activation, loading);
    return loading !== undefined;
  }

  /** While something is loaded, messages wait in the mailbox. */
  #awaitLoading(activation: Activation, loading: Promise<void>): void {
    activation.state = 'loading';
    this.#busy.add(activation);
    loading.then(
      () => {
        if (this.#isClosed) return;
        this.#guardFatal(() => this.#free(activation));
        if (this.#guard !== undefined) this.#wake();
        if (!this.#isOpen) this.onSlice();
      },
      (error: unknown) => {
        if (!this.#isClosed) this.fatal(error);
      },
    );
  }

  /** The activation can take its next message: the one it holds, then its mailbox. */
  #free(activation: Activation): void {
    // A retry that a checkpoint held waits at an address whose state was never asked for.
    if (!activation.loaded && this.#loadState(activation)) return;
    if (!this.#isOpen) this.#queueFirst(activation);
    const { current } = activation;
    if (current !== undefined) {
      activation.current = undefined;
      activation.state = 'idle';
      this.#invoke(activation, current);
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

  // --- One invocation

  #invoke(activation: Activation, envelope: Envelope): void {
    invariant(activation.state === 'idle', 'an address has one invocation at a time');
    if (envelope.settles !== undefined && !envelope.settled && !this.#settle(activation, envelope)) return;
    const { host } = envelope;
    const kind = envelope.operation === undefined ? 'send' : host.kindOf(envelope.operation);
    const invocation = new Invocation(this, activation, envelope, kind === 'query');
    let result: unknown;
    const { figures } = host;
    const startMs = figures.wantsDuration ? this.platform.clock.monotonic() : untimed;
    figures.invocations += 1;
    try {
      if (!host.isSimple) {
        activation.invocation = invocation;
        host.expire(activation, invocation.now());
      }
      const instance = host.prepare(activation);
      const { operation } = envelope;
      // A copy: retries, checkpoints and dead letters show the message as it was sent.
      const message = host.copierOf(operation).copy(envelope.message);
      result = host.call(instance, operation, invocation, message);
    } catch (error) {
      this.#time(host, startMs);
      this.#fail(activation, envelope, invocation, error);
      return;
    }
    if (isThenable(result)) {
      this.#runAsync(activation, envelope, invocation, result, startMs);
      return;
    }
    this.#finish(activation, envelope, invocation, result);
    if (startMs !== untimed) this.#time(host, startMs);
  }

  #time({ figures }: FunctionHost, startMs: number): void {
    if (startMs !== untimed) figures.took(this.platform.clock.monotonic() - startMs);
  }

  #runAsync(
    activation: Activation,
    envelope: Envelope,
    invocation: Invocation,
    result: PromiseLike<unknown>,
    startMs: number,
  ): void {
    const { host } = activation;
    host.hold(activation);
    host.figures.isAsync = true;
    activation.state = 'running';
    activation.invocation = invocation;
    activation.current = envelope;
    this.#busy.add(activation);
    const timeout = this.platform.scheduler.after(host.timeoutMs, () => {
      if (invocation.ended || this.#isClosed) return;
      const error = new StatefulFunctionsError(
        'SF_HANDLER_TIMEOUT',
        `the handler of ${activation.address} did not end within ${host.timeoutMs} ms. Heed ctx.signal, or raise its timeout.`,
      );
      invocation.abort(error);
      this.#time(host, startMs);
      this.#guardFatal(() => this.#fail(activation, envelope, invocation, error));
      if (this.#guard !== undefined) this.#wake();
    });
    const settled = (settle: () => void) => {
      timeout.cancel();
      // A promise that outlived its invocation, or its worker, has no say any more.
      if (invocation.ended || this.#isClosed) return;
      this.#time(host, startMs);
      this.#guardFatal(settle);
      if (this.#guard !== undefined) this.#wake();
      this.onSlice();
    };
    // Whatever else can be awaited may throw where it is; a promise is taken as it is.
    Promise.resolve(result).then(
      (value) => settled(() => this.#finish(activation, envelope, invocation, value)),
      (error) => settled(() => this.#fail(activation, envelope, invocation, error)),
    );
  }

  /** The handler has ended well: lets everything it did take effect at once. */
  #finish(activation: Activation, envelope: Envelope, invocation: Invocation, result: unknown): void {
    const { host } = envelope;
    let changed: boolean;
    try {
      if (invocation.extras?.doomed !== undefined)
        throw new StatefulFunctionsError('SF_NOT_RESIDENT', 'an entry must be loaded first');
      if (envelope.reply !== undefined) this.#answer(activation, envelope, invocation, result);
      changed = host.stage(activation, invocation.isReadOnly);
      if (changed && invocation.isReadOnly) {
        throw new StatefulFunctionsError(
          'SF_READ_ONLY',
          `a query of ${activation.address} changed state. Declare the operation as ask.`,
        );
      }
    } catch (error) {
      this.#fail(activation, envelope, invocation, error);
      return;
    }
    invocation.end();
    if (changed || invocation.extras?.forgets === true) this.state.commit(activation, envelope, invocation, changed);
    else if (!host.isSimple) host.settle(activation);
    if (!host.isSimple) activation.invocation = undefined;
    this.#release(activation, invocation);
    if (activation.state !== 'idle') this.#next(activation);
  }

  /** Lets what an invocation held back take effect. */
  #release(activation: Activation, invocation: Invocation): void {
    const { send1, record1, extras, headers } = invocation;
    if (send1 !== undefined) this.send(send1);
    if (record1 !== undefined) record1.target.add(record1.value, headers);
    if (extras === undefined) return;
    const { sends, records, timers, cancels, replies } = extras;
    if (records !== undefined) for (const { target, value } of records) target.add(value, headers);
    if (sends !== undefined) for (const envelope of sends) this.send(envelope);
    if (timers !== undefined) for (const timer of timers) this.timers.set(timer);
    if (cancels !== undefined) for (const token of cancels) this.timers.cancel(token, activation.address);
    if (replies !== undefined) {
      for (const { target, reply } of replies)
        this.outlets.reply(target as ClientReplyTarget, reply, activation.address);
    }
  }

  /** After an asynchronous invocation, what came meanwhile is next. */
  #next(activation: Activation): void {
    activation.current = undefined;
    activation.invocation = undefined;
    this.#free(activation);
  }

  #answer(activation: Activation, envelope: Envelope, invocation: Invocation, result: unknown): void {
    const { reply } = envelope;
    if (reply === undefined || result instanceof ReplyHandle) return;
    if (activation.host.kindOf(envelope.operation) === 'send') {
      // A client that waits for a plain message to be handled.
      if (reply.kind === 'client') invocation.addReply(reply, { ok: true, value: undefined });
      return;
    }
    invocation.addReply(reply, { ok: true, value: copyValue(result) });
  }

  // --- Failures

  #fail(activation: Activation, envelope: Envelope, invocation: Invocation, thrown: unknown): void {
    invocation.end();
    activation.invocation = undefined;
    activation.host.undo(activation);
    activation.current = undefined;
    activation.state = 'idle';
    if (invocation.extras?.doomed !== undefined) {
      this.#reload(activation, envelope, invocation.extras.doomed);
      return;
    }
    const error = asError(thrown);
    const { host } = activation;
    host.figures.failures += 1;
    this.onFailure(envelope, error);
    const isFinal =
      isPermanent(error) || envelope.attempt >= host.maxAttempts || host.kindOf(envelope.operation) === 'query';
    if (isFinal) {
      this.#bury(activation, envelope, error);
      this.#busy.add(activation);
      this.#free(activation);
      return;
    }
    const backoffMs = Math.min(host.maxBackoffMs, host.backoffMs * 2 ** (envelope.attempt - 1));
    const delayMs = backoffMs * (0.5 + randomFraction(this.platform.random) / 2);
    this.logger.warn(
      { address: String(activation.address), invocationId: envelope.id, attempt: envelope.attempt, err: error },
      'handler failed; will retry',
    );
    host.figures.retries += 1;
    envelope.attempt += 1;
    envelope.retryAtMs = this.time.now() + Math.ceil(delayMs);
    this.#await(activation, envelope, delayMs);
  }

  /** Keeps a message at the head of its mailbox until its next attempt is due. */
  #await(activation: Activation, envelope: Envelope, delayMs: number): void {
    activation.state = 'waiting';
    activation.current = envelope;
    this.#busy.add(activation);
    activation.retry = this.platform.scheduler.after(delayMs, () => {
      activation.retry = undefined;
      envelope.retryAtMs = 0;
      if (this.#isClosed) return;
      if (this.#guard !== undefined) this.#queueFirst(activation);
      this.#guardFatal(() => this.#free(activation));
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

  /** The handler read what is not in memory: loads it and runs the handler again, which does not count as a retry. */
  #reload(activation: Activation, envelope: Envelope, doomed: () => Promise<void>): void {
    const count = (this.#doomCounts.get(envelope) ?? 0) + 1;
    this.#doomCounts.set(envelope, count);
    activation.current = envelope;
    const loading = count < dooms ? doomed() : loadAll(activation);
    this.#awaitLoading(activation, loading);
  }

  readonly #doomCounts = new WeakMap<Envelope, number>();

  #bury(activation: Activation, envelope: Envelope, error: Error): void {
    const { reply } = envelope;
    const code = error instanceof StatefulFunctionsError ? error.code : 'SF_HANDLER_FAILED';
    if (reply !== undefined) {
      const failure: Reply<unknown> = { ok: false, error: { code, message: error.message } };
      const invocation = new Invocation(this, activation, envelope, false);
      invocation.addReply(reply, failure);
      this.#release(activation, invocation);
      // Whoever waits outside is told, and a query leaves nothing behind that would be worth a dead letter. One that ended the
      // process left nobody waiting.
      if (code !== 'SF_POISONED' && activation.host.kindOf(envelope.operation) === 'query') return;
    }
    this.deadLetter(envelope, code, error.message, envelope.attempt);
  }

  deadLetter(envelope: Envelope, code: string, error: string, attempts: number): void {
    this.deadLetters += 1;
    this.outlets.deadLetter({
      code,
      error,
      address: String(envelope.target),
      operation: envelope.operation,
      invocationId: envelope.id,
      attempts,
      caller: envelope.caller === undefined ? undefined : String(envelope.caller),
      where: undefined,
      message: envelope.message,
    });
  }

  // --- Answers

  /** Takes out the pending timeout that stands for an ask. Returns false when the answer is not to be handled now, or ever. */
  #settle(activation: Activation, envelope: Envelope): boolean {
    const taken = this.timers.take(envelope.settles as CancellationToken, activation.address);
    if (taken === true) {
      envelope.settled = true;
      return true;
    }
    if (taken !== false) {
      activation.current = envelope;
      const settled = taken.then((isOurs) => {
        if (isOurs) envelope.settled = true;
        else activation.current = undefined;
      });
      this.#awaitLoading(activation, settled);
      return false;
    }
    // Too late, or the second answer: the timeout has been delivered, or the first answer.
    return false;
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
    this.#await(activation, envelope, delayMs);
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
    this.#bury(
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

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** Brings all maps and lists of an activation into memory. */
async function loadAll(activation: Activation): Promise<void> {
  for (const cell of activation.cells ?? []) await cell?.loadAll();
}

/** Errors that no further attempt can mend. */
function isPermanent(error: Error): boolean {
  return error instanceof StatefulFunctionsError && error.code === 'SF_UNKNOWN_OPERATION';
}
