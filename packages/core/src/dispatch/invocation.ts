import { copyValue } from '../codec/data-model.js';
import type { Logger } from '../ports/logger.js';
import type { Metrics } from '../ports/metrics.js';
import type { AnyAddress } from '../sdk/address.js';
import type { AskOptions, Context, Headers, Timed } from '../sdk/context.js';
import type { Operations, Reply, ReplyFailure, ReplyTo } from '../sdk/contract.js';
import { type Duration, durationMs } from '../sdk/duration.js';
import { Egress } from '../sdk/egress.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { CancellationToken, ReplyHandle, type ReplyTarget } from '../sdk/reply.js';
import { validate } from '../sdk/schema.js';
import type { Activation } from './activation.js';
import { deriveId, Envelope } from './envelope.js';
import type { FunctionHost } from './function-host.js';
import type { CellInvocation } from './map-cell.js';
import { operationProxy } from './operation-proxy.js';

/** What an invocation needs of the worker it runs on. */
export interface InvocationServices {
  readonly logger: Logger;
  readonly metrics: Metrics;
  now(): number;
  /** @throws SF_UNBOUND_FUNCTION */
  hostAt(to: AnyAddress): FunctionHost;
  /** @throws SF_UNBOUND_EGRESS */
  egressOf(name: string): EgressTarget;
}

/** A message to come: what it is and when. */
export interface PendingTimer {
  readonly dueMs: number;
  readonly envelope: Envelope;
  /** Who set it, and alone can cancel it. */
  readonly owner: AnyAddress;
}

/** What takes the records for one egress. */
export interface EgressTarget {
  add(value: unknown, headers: Headers): void;
}

/** A record for an egress. */
export interface EgressEffect {
  readonly target: EgressTarget;
  readonly value: unknown;
}

export interface ReplyEffect {
  readonly target: ReplyTarget;
  readonly reply: Reply<unknown>;
}

const defaultAskTimeoutMs = 30_000;
const timerIdForm = /^[0-9a-f]{32}$/;

/** Thrown out of a handler that read an entry which is not in memory. Handlers may swallow it: `Invocation.doomed` stays set. */
class EntryNotResident extends StatefulFunctionsError {
  constructor() {
    super(
      'SF_NOT_RESIDENT',
      'an entry is being loaded, and the handler runs again. Let this error pass, or await map.load(keys) first.',
    );
  }
}

/** What few invocations have: made when it is first needed, to keep the many small. */
class Extras {
  /** Messages sent beside the first. */
  sends: Envelope[] | undefined = undefined;
  /** Records beside the first. */
  records: EgressEffect[] | undefined = undefined;
  timers: PendingTimer[] | undefined = undefined;
  cancels: CancellationToken[] | undefined = undefined;
  replies: ReplyEffect[] | undefined = undefined;
  forgets = false;
  /** Set when an entry was read that is not in memory: the invocation must be undone, and run again once this resolved. */
  doomed: (() => Promise<void>) | undefined = undefined;
  nowMs = 0;
  random: Uint32Array | undefined = undefined;
  abort: AbortController | undefined = undefined;
  logger: Logger | undefined = undefined;
}

/**
 * One attempt at handling one message: the context its handler sees, and everything it wants to do, held back until it ends.
 *
 * One is made for each attempt rather than kept for reuse, so that a context somebody kept can never act for another message.
 * Since one is made for every message it is small; its members are TypeScript-private: `#` fields are dearer to make, and `#` methods
 * cost each object a field.
 */
export class Invocation implements Context, CellInvocation {
  /** The first message sent. Most handlers send one, and need no list for it. */
  send1: Envelope | undefined = undefined;
  /** The first record for an egress. */
  record1: EgressEffect | undefined = undefined;
  extras: Extras | undefined = undefined;
  private count = 0;
  private isEnded = false;

  constructor(
    private readonly services: InvocationServices,
    private readonly activation: Activation,
    private readonly envelope: Envelope,
    /** Whether it is a query. */
    readonly isReadOnly: boolean,
  ) {}

  get ended(): boolean {
    return this.isEnded;
  }

  /** After this the context is dead. */
  end(): void {
    this.isEnded = true;
  }

  abort(reason: Error): void {
    this.extras?.abort?.abort(reason);
  }

  get self(): AnyAddress {
    return this.activation.address;
  }

  get caller(): AnyAddress | undefined {
    return this.envelope.caller;
  }

  get invocationId(): string {
    return this.envelope.id;
  }

  get attempt(): number {
    return this.envelope.attempt;
  }

  get headers(): Headers {
    return this.envelope.headers;
  }

  get metrics(): Metrics {
    return this.services.metrics;
  }

  get signal(): AbortSignal {
    const extras = this.extra();
    extras.abort ??= new AbortController();
    return extras.abort.signal;
  }

  get logger(): Logger {
    const extras = this.extra();
    extras.logger ??= this.services.logger.child({
      address: String(this.self),
      invocationId: this.invocationId,
      attempt: this.attempt,
    });
    return extras.logger;
  }

  now(): number {
    const extras = this.extra();
    if (extras.nowMs === 0) extras.nowMs = this.services.now();
    return extras.nowMs;
  }

  random(): number {
    // sfc32 (Chris Doty-Humphrey, PractRand), seeded with the invocation's id.
    const extras = this.extra();
    extras.random ??= this.seed();
    const state = extras.random;
    const [a = 0, b = 0, c = 0, d = 0] = state;
    const sum = (a + b + d) >>> 0;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + sum;
    state[3] = d + 1;
    return sum / 0x1_0000_0000;
  }

  send(to: AnyAddress | Egress<never>, message: unknown): void {
    this.use();
    if (to instanceof Egress) {
      const target = this.services.egressOf(to.name);
      this.emitRecord({ target, value: copyValue(message) });
      return;
    }
    this.emit(this.plainMessage(to, message));
  }

  to(address: AnyAddress): never {
    return operationProxy(address, this.operationsOf(address), 'send', (to, operation, message) => {
      this.use();
      this.emit(this.messageTo(to, operation, message));
    }) as never;
  }

  sendAfter(delay: Duration, to: AnyAddress, message: unknown): CancellationToken {
    return this.sendTimed(this.now() + durationMs(delay), to, message);
  }

  sendAt(at: Date, to: AnyAddress, message: unknown): CancellationToken {
    return this.sendTimed(dueOf(at), to, message);
  }

  after(delay: Duration): Timed {
    const delayMs = durationMs(delay);
    return this.timed(() => this.now() + delayMs);
  }

  at(at: Date): Timed {
    const dueMs = dueOf(at);
    return this.timed(() => dueMs);
  }

  cancel(token: CancellationToken): void {
    this.use();
    // Not when it takes effect, which must not fail.
    if (!(token instanceof CancellationToken) || !timerIdForm.test(token.timerId)) {
      throw new StatefulFunctionsError(
        'SF_UNSUPPORTED_VALUE',
        `ctx.cancel of ${this.self} was given no token (${typeof token}). Pass what setting the timer returned.`,
      );
    }
    const extras = this.extra();
    extras.cancels = appended(extras.cancels, token);
  }

  ask(to: AnyAddress, options: AskOptions = {}): never {
    const timeoutMs = options.timeout === undefined ? defaultAskTimeoutMs : durationMs(options.timeout);
    return operationProxy(to, this.operationsOf(to), 'ask', (address, operation, message, rest) => {
      this.use();
      this.sendAsk(address, operation, message, (rest as ReplyTo<never>).operation, timeoutMs);
    }) as never;
  }

  /**
   * Sends on what has been checked where it came from: the output of a schema need not be an input of it.
   *
   * @param answered the operation of this function that takes the answer; `undefined` for none.
   */
  forward(to: AnyAddress, operation: string | undefined, message: unknown, answered: string | undefined): void {
    this.use();
    if (operation !== undefined && answered !== undefined)
      this.sendAsk(to, operation, message, answered, defaultAskTimeoutMs);
    else this.emit(this.messageTo(to, operation, message));
  }

  replyTo(contract: { readonly name: string }, operation: string): never {
    if (contract.name !== this.self.type.name) {
      throw new StatefulFunctionsError(
        'SF_UNKNOWN_OPERATION',
        `replyTo names ${contract.name}, but an answer comes to ${this.self.type.name}, which asked. Name its own contract.`,
      );
    }
    const target: Pick<ReplyTo<never>, 'operation'> = { operation };
    return target as never;
  }

  replyHandle(): never {
    this.use();
    if (this.envelope.reply === undefined) {
      throw new StatefulFunctionsError(
        'SF_ASKED_LATE',
        `nobody asked ${this.self}: the message was sent. Make a handle only for an ask.`,
      );
    }
    return new ReplyHandle(this.envelope.reply) as never;
  }

  reply(handle: ReplyHandle<never>, value: unknown): void {
    this.use();
    this.addReply(handle.target, { ok: true, value: copyValue(value) });
  }

  fail(handle: ReplyHandle<never>, error: ReplyFailure): void {
    this.use();
    this.addReply(handle.target, { ok: false, error: copyValue(error) });
  }

  forget(): void {
    this.use();
    this.extra().forgets = true;
  }

  /** Holds back an answer; one to a function is a message to it. */
  addReply(target: ReplyTarget, reply: Reply<unknown>): void {
    if (target.kind === 'client') {
      const extras = this.extra();
      extras.replies = appended(extras.replies, { target, reply });
      return;
    }
    const envelope = this.messageTo(target.address, target.operation, reply);
    envelope.settles = target.timeout;
    this.emit(envelope);
  }

  doom(load: () => Promise<void>): never {
    this.extra().doomed ??= load;
    throw new EntryNotResident();
  }

  private sendAsk(to: AnyAddress, operation: string, message: unknown, answered: string, timeoutMs: number): void {
    const failure: Reply<never> = {
      ok: false,
      error: { code: 'SF_ASK_TIMEOUT', message: `${to} did not answer ${operation} within ${timeoutMs} ms.` },
    };
    const expiry = this.messageTo(this.self, answered, failure, undefined, to);
    const timeout = this.setTimer(this.now() + timeoutMs, expiry);
    this.emit(
      this.messageTo(to, operation, message, { kind: 'function', address: this.self, operation: answered, timeout }),
    );
  }

  private extra(): Extras {
    this.extras ??= new Extras();
    return this.extras;
  }

  private timed(dueMs: () => number): Timed {
    return {
      to: (address: AnyAddress) =>
        operationProxy(address, this.operationsOf(address), 'send', (to, operation, message) => {
          this.use();
          return this.setTimer(dueMs(), this.messageTo(to, operation, message, undefined, this.self));
        }) as never,
    };
  }

  private sendTimed(dueMs: number, to: AnyAddress, message: unknown): CancellationToken {
    this.use();
    return this.setTimer(dueMs, this.plainMessage(to, message, this.self));
  }

  /** @param envelope names its sender by address: it may be pending for long, and would keep an activation in memory. */
  private setTimer(dueMs: number, envelope: Envelope): CancellationToken {
    const extras = this.extra();
    extras.timers = appended(extras.timers, { dueMs, envelope, owner: this.self });
    return new CancellationToken(envelope.id, dueMs, this.self);
  }

  private operationsOf(to: AnyAddress): Operations | undefined {
    return this.services.hostAt(to).definition.operations;
  }

  private plainMessage(to: AnyAddress, message: unknown, origin: Activation | AnyAddress = this.activation): Envelope {
    const host = this.activation.host.targetOf(to, this.services);
    const { schema, name } = host.definition.type;
    return this.envelop(
      host,
      to,
      undefined,
      schema === undefined ? message : validate(schema, message, `message to ${name}`),
      origin,
    );
  }

  private messageTo(
    to: AnyAddress,
    operation: string | undefined,
    message: unknown,
    reply?: ReplyTarget,
    origin: Activation | AnyAddress = this.activation,
  ): Envelope {
    return this.envelop(this.services.hostAt(to), to, operation, message, origin, reply);
  }

  private envelop(
    host: FunctionHost,
    to: AnyAddress,
    operation: string | undefined,
    message: unknown,
    origin: Activation | AnyAddress,
    reply?: ReplyTarget,
  ): Envelope {
    const { envelope: cause } = this;
    const copy = host.copierOf(operation).copy(message);
    // Functions of one id often talk to each other. Their activations then share its text, too.
    const key = to.id === cause.target.id ? this.activation.key : to.id;
    const envelope = new Envelope(host, to, copy, operation, origin, cause.headers, reply, key);
    deriveId(envelope, cause, this.count);
    this.count += 1;
    return envelope;
  }

  private emit(envelope: Envelope): void {
    if (this.send1 === undefined) {
      this.send1 = envelope;
      return;
    }
    const extras = this.extra();
    extras.sends = appended(extras.sends, envelope);
  }

  private emitRecord(effect: EgressEffect): void {
    if (this.record1 === undefined) {
      this.record1 = effect;
      return;
    }
    const extras = this.extra();
    extras.records = appended(extras.records, effect);
  }

  private use(): void {
    if (this.isEnded) {
      throw new StatefulFunctionsError(
        'SF_CONTEXT_ENDED',
        `a context of ${this.self} was used after its handler ended. Await what the handler starts before it returns.`,
      );
    }
    if (this.isReadOnly) {
      throw new StatefulFunctionsError(
        'SF_READ_ONLY',
        `a query of ${this.self} tried to send or write. Declare the operation as ask or send.`,
      );
    }
  }

  private seed(): Uint32Array {
    const { idA, idB, idC, idD } = this.envelope;
    return Uint32Array.of(idA, idB, idC, idD | 1);
  }
}

function dueOf(at: Date): number {
  const dueMs = at.getTime();
  if (!Number.isNaN(dueMs)) return Math.max(0, dueMs);
  throw new StatefulFunctionsError('SF_INVALID_DURATION', 'sendAt was given an invalid date. Use a valid Date.');
}

function appended<T>(list: T[] | undefined, item: T): T[] {
  if (list === undefined) return [item];
  list.push(item);
  return list;
}
