import { Bindings } from '../application/bindings.js';
import { CallError } from '../application/client.js';
import { MemoryBlobStore } from '../blob/memory-blob-store.js';
import { copyValue } from '../codec/data-model.js';
import { ApplicationTime } from '../dispatch/application-time.js';
import { Envelope, parseId } from '../dispatch/envelope.js';
import type { Outlets } from '../dispatch/outlets.js';
import { snapshotState } from '../dispatch/state-snapshot.js';
import { StateTable } from '../dispatch/state-table.js';
import { Timers } from '../dispatch/timers.js';
import { type Logger, silentLogger } from '../ports/logger.js';
import { noMetrics } from '../ports/metrics.js';
import { randomHex } from '../ports/random.js';
import { Address, type AnyAddress, sameAddress } from '../sdk/address.js';
import type { Contract, Operation, Operations, Reply } from '../sdk/contract.js';
import type { DeadLetter } from '../sdk/dead-letter.js';
import { type Duration, durationMs } from '../sdk/duration.js';
import type { Egress } from '../sdk/egress.js';
import { asError } from '../sdk/errors.js';
import type { FunctionDefinition } from '../sdk/function-definition.js';
import { FunctionType } from '../sdk/function-type.js';
import type { Constructor } from '../sdk/registry.js';
import type { CancellationToken, ClientReplyTarget } from '../sdk/reply.js';
import { validate } from '../sdk/schema.js';
import type { ServiceId } from '../sdk/service.js';
import { BlockCache } from '../state/block-cache.js';
import { SegmentSet } from '../state/segment-set.js';
import { ShapeTable } from '../state/shape.js';
import { Drive } from './drive.js';
import type { MessageOf, OperationOf, ResultOf } from './handler-types.js';
import { RecordingDispatcher } from './recording-dispatcher.js';
import { Strangers } from './strangers.js';
import { VirtualPlatform } from './virtual-platform.js';

export interface FunctionHarnessOptions {
  /** The id of the address; `test` by default. */
  readonly id?: string;
  /** What is injected into the function, by class, token or name: `[[GreetingTexts, texts]]`. */
  readonly services?: Iterable<readonly [id: ServiceId, value: unknown]>;
  /** Contracts of addresses that come to the function in messages; those of addresses it makes itself are known. */
  readonly contracts?: readonly Contract<Operations>[];
  /** Determines all that is random; 1 by default. */
  readonly seed?: number;
  /** What the clock shows at first, in milliseconds since the Unix epoch. */
  readonly startMs?: number;
  readonly logger?: Logger;
}

/** A message the function sent. It went nowhere. */
export interface RecordedSend {
  readonly to: AnyAddress;
  /** For a contract only. */
  readonly operation?: string;
  readonly message: unknown;
  /** For an ask only: the operation that takes the answer. */
  readonly replyTo?: string;
}

/** A message the function is to send later. */
export interface RecordedTimer extends RecordedSend {
  /** Application time, in milliseconds since the Unix epoch. */
  readonly dueMs: number;
}

/**
 * One function at one address, without an application: a test hands it messages and sees all it does.
 *
 * ```ts
 * const greeter = FunctionHarness.of(GreeterFn, { services: [[GreetingTexts, texts]] });
 * await greeter.invoke({ name: 'Ada' });
 * expect(greeter.state).to.deep.equal({ seen: 1 });
 * expect(greeter.sends).to.deep.equal([{ to: EmailSender.at('ada'), message: 'Welcome, Ada!' }]);
 * ```
 *
 * **Details**
 * The function runs as it does in an application: all or nothing, on copies of messages, retried by its own policy. What it
 * sends, to itself too, is recorded and goes nowhere; its timers to itself are handled when `advance` reaches them.
 */
export class FunctionHarness<F extends object> {
  readonly address: AnyAddress;
  readonly #definition: FunctionDefinition;
  readonly #platform: VirtualPlatform;
  readonly #drive = new Drive();
  readonly #dispatcher: RecordingDispatcher;
  readonly #timers: Timers;
  readonly #egress: { readonly name: string; readonly value: unknown }[] = [];
  readonly #replies = new Map<number, Reply<unknown>>();
  readonly #deadLetters: DeadLetter[] = [];
  /** What the last failed attempt at a message threw. */
  readonly #thrown = new Map<string, Error>();
  readonly #envelopes = new WeakMap<RecordedSend, Envelope>();
  #calls = 0;
  #failure: Error | undefined;

  private constructor(definition: FunctionDefinition, options: FunctionHarnessOptions) {
    const { id = 'test', contracts = [], seed = 1, startMs, logger = silentLogger } = options;
    const { name } = definition.type;
    const strangers = new Strangers();
    for (const contract of contracts) strangers.learn(contract.at(id).type);
    this.#definition = definition;
    this.address = new Address<never>(FunctionType.of<never>(name as `${string}/${string}`), id);
    this.#platform = new VirtualPlatform({ seed, ...(startMs === undefined ? {} : { startMs }) });
    const { clock, scheduler } = this.#platform;
    const time = new ApplicationTime(clock, 0);
    const segments = new SegmentSet(new MemoryBlobStore(), new BlockCache(1));
    const state = new StateTable(segments, new ShapeTable(), 1, scheduler);
    const failed = (error: unknown) => {
      this.#failure ??= asError(error);
    };
    const definitionOf = (type: string) => (type === name ? definition : strangers.definitionOf(type));
    this.#dispatcher = new RecordingDispatcher(
      strangers,
      this.#platform,
      logger,
      noMetrics,
      time,
      state,
      this.#outlets(),
      definitionOf,
      failed,
    );
    const noStorage = { async *scan() {}, has: async () => false, lastDueMs: () => undefined };
    this.#timers = new Timers(
      noStorage,
      time,
      scheduler,
      () => 0,
      ({ envelope }) => this.#fire(envelope),
      failed,
    );
    this.#dispatcher.timers = this.#timers;
    this.#dispatcher.onFailure = (envelope, error) => this.#thrown.set(envelope.id, error);
    this.#dispatcher.open();
  }

  /**
   * @param type a class with `@StatefulFunction`, or what `defineFunction` made.
   * @throws what starting an application with it would
   */
  static of<F extends object>(
    type: new (...args: never[]) => F,
    options: FunctionHarnessOptions = {},
  ): FunctionHarness<F> {
    const module = {
      configure: (_config: unknown, binder: Bindings) => {
        for (const [id, value] of options.services ?? []) binder.bindService(id, value);
        binder.bindFunctions(type as Constructor);
      },
    };
    const bindings = Bindings.of([module as never], new Map());
    const [definition] = bindings.functions.values();
    return new FunctionHarness<F>(definition as FunctionDefinition, options);
  }

  /**
   * Hands a message to `invoke`, and resolves when it is handled. One that fails is tried again as the function's retry policy
   * has it, while virtual time passes.
   *
   * @throws what the handler threw at its last attempt
   */
  async invoke(...message: MessageOf<F, 'invoke'>): Promise<void> {
    await this.#handle(undefined, message[0]);
  }

  /**
   * Calls an operation of a contract, and resolves with what it replied; `undefined` when it sends no reply, or not yet.
   *
   * @throws what the handler threw at its last attempt; a CallError when it refused with `ctx.fail`
   */
  async call<K extends OperationOf<F>>(operation: K, ...message: MessageOf<F, K>): Promise<ResultOf<F, K>> {
    return (await this.#handle(operation, message[0])) as ResultOf<F, K>;
  }

  /** Answers an ask of the function, one of its `sends`, as whom it asked would. A second answer is not delivered. */
  async answer(ask: RecordedSend, reply: Reply<unknown>): Promise<void> {
    const target = this.#envelopes.get(ask)?.reply;
    if (target?.kind !== 'function') throw new TypeError('answer() takes an ask: one of sends that has a replyTo.');
    await this.#handle(target.operation, reply, target.timeout);
  }

  /** Lets virtual time pass: timers of the function to itself are handled, those to others are recorded as sent. */
  advance(duration: Duration): Promise<void> {
    return this.#drive.run(() => this.#platform.advance(durationMs(duration)));
  }

  /** What the clock shows, in milliseconds since the Unix epoch. */
  get now(): number {
    return this.#platform.clock.now();
  }

  /** What the function sent to functions, oldest first. */
  get sends(): RecordedSend[] {
    return this.#dispatcher.sent.map((envelope) => this.#recorded(envelope));
  }

  /** What it sent to an egress, oldest first. */
  egress<T>(egress: Egress<T>): T[] {
    return this.#egress.filter(({ name }) => name === egress.name).map(({ value }) => value as T);
  }

  /** What it is to send later, in the order that is due; the timeouts of its asks are among them. */
  get timers(): RecordedTimer[] {
    return this.#timers.resident.map(({ dueMs, envelope }) => ({ dueMs, ...this.#recorded(envelope) }));
  }

  /** How it answered `call`s of asks and queries, in the order of the calls; late answers included. */
  get replies(): Reply<unknown>[] {
    return [...this.#replies].sort(([a], [b]) => a - b).map(([, reply]) => reply);
  }

  /** Its persisted fields, by property: maps as `Map`, lists as arrays. What a running handler has changed is not in it. */
  get state(): Record<string, unknown> {
    const { state } = this.#dispatcher;
    const host = this.#dispatcher.hostOf(this.#definition.type.name);
    let activation = this.#dispatcher.activationOf(this.address);
    if (activation === undefined) {
      activation = state.activate(host, this.address.id);
      state.load(activation); // At once: there is no storage.
    }
    return snapshotState(activation, this.#dispatcher.now());
  }

  /** Messages that it could not handle, oldest first. */
  get deadLetters(): DeadLetter[] {
    return [...this.#deadLetters];
  }

  /** Forgets what was recorded up to now; state and timers stay. */
  clear(): void {
    this.#dispatcher.sent.length = 0;
    this.#egress.length = 0;
    this.#deadLetters.length = 0;
    this.#replies.clear();
  }

  async #handle(operation: string | undefined, message: unknown, settles?: CancellationToken): Promise<unknown> {
    const { type, operations } = this.#definition;
    const declared = operation === undefined ? undefined : operations?.[operation];
    const schema = operation === undefined ? type.schema : declared?.input;
    const checked = schema === undefined ? message : validate(schema, message, `message to ${this.address}`);
    const target = this.#replyTarget(declared?.kind ?? 'send');
    const host = this.#dispatcher.hostOf(type.name);
    const envelope = new Envelope(host, this.address, copyValue(checked), operation, undefined, {}, target);
    parseId(randomHex(this.#platform.random, 16), envelope);
    envelope.settles = settles;
    this.#dispatcher.deliver(envelope);
    await this.#untilIdle();
    return this.#outcome(envelope, target);
  }

  #replyTarget(kind: Operation['kind']): ClientReplyTarget | undefined {
    if (kind === 'send') return undefined;
    this.#calls += 1;
    return { kind: 'client', client: 'test', call: this.#calls, consistency: 'processed', query: kind === 'query' };
  }

  /** What a message came to. An ask that failed was told why, and so was whoever reads dead letters: the error says more. */
  #outcome(envelope: Envelope, target: ClientReplyTarget | undefined): unknown {
    const reply = target === undefined ? undefined : this.#replies.get(target.call);
    const isBuried = this.#deadLetters.some(({ invocationId }) => invocationId === envelope.id);
    const thrown = this.#thrown.get(envelope.id);
    if (thrown !== undefined && (isBuried || target?.query)) throw thrown;
    if (reply?.ok === false) throw new CallError(reply.error.code, reply.error.message);
    return reply?.value;
  }

  /** Runs until nothing waits to be handled. Time passes only where a message waits for its next attempt. */
  async #untilIdle(): Promise<void> {
    for (;;) {
      await this.#drive.run(() => this.#platform.settle());
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#dispatcher.backlog === 0) return;
      // An asynchronous handler waits for something outside, which takes real time.
      if (this.#dispatcher.runningCount > 0) await this.#platform.scheduler.whenTouched();
      else await this.#drive.run(() => this.#platform.advanceToNext());
    }
  }

  #fire(envelope: Envelope): void {
    if (sameAddress(envelope.target, this.address)) this.#dispatcher.deliver(envelope);
    else this.#dispatcher.enqueue(envelope);
  }

  #outlets(): Outlets {
    return {
      egressOf: (name) => ({ add: (value) => void this.#egress.push({ name, value }) }),
      reply: (target, reply) => void this.#replies.set(target.call, reply),
      deadLetter: (letter) => void this.#deadLetters.push(letter),
    };
  }

  #recorded(envelope: Envelope): RecordedSend {
    const { target, operation, message, reply } = envelope;
    const send: RecordedSend = {
      to: target,
      ...(operation === undefined ? {} : { operation }),
      message,
      ...(reply?.kind === 'function' ? { replyTo: reply.operation } : {}),
    };
    this.#envelopes.set(send, envelope);
    return send;
  }
}
