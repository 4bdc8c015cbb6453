import type { Logger } from '../ports/logger.js';
import type { Metrics } from '../ports/metrics.js';
import type { Address, AnyAddress } from './address.js';
import type {
  AnswerOf,
  Asker,
  Contract,
  ContractAddress,
  Operations,
  ReplyFailure,
  ReplyOperation,
  ReplyTo,
  Sender,
} from './contract.js';
import type { Duration } from './duration.js';
import type { Egress } from './egress.js';
import type { CancellationToken, ReplyHandle } from './reply.js';

/** Headers travel with a message into everything that its handler sends. */
export type Headers = Readonly<Record<string, string>>;

/** What every handler may look at. */
export interface QueryContext {
  /** This instance's own address. */
  readonly self: AnyAddress;
  /** The function that sent the message; `undefined` from an ingress or a client. */
  readonly caller: AnyAddress | undefined;
  /** 32 hexadecimal digits; the same at every retry and after every recovery: the idempotency key for calls outside. */
  readonly invocationId: string;
  /** 1 at first, 2 at the first retry, … */
  readonly attempt: number;
  readonly headers: Headers;
  /** Application time in milliseconds since the Unix epoch; fixed for the invocation, never behind an earlier one. */
  now(): number;
  /** The next number in [0, 1) of a sequence fixed by `invocationId`. */
  random(): number;
  /** Aborted when the handler's timeout has passed or the worker stops. */
  readonly signal: AbortSignal;
  /** Tagged with address, invocation id and attempt. */
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * A handler's hold on the world, for one invocation.
 *
 * Everything it does is held back until the handler returns or its promise resolves, and then takes effect at once; if the
 * handler throws, nothing does. Used after its handler ended, it throws `SF_CONTEXT_ENDED`.
 */
export interface Context extends QueryContext {
  /** Sends a message to a function or to an egress. Copied at once: later changes to the object are not sent. */
  send<M>(to: Address<M> | Egress<M>, message: NoInfer<M>): void;
  /** The `send` operations of a contract's instance: `ctx.to(Driver.at(id)).finish(trip)`. */
  to<O extends Operations>(to: ContractAddress<O>): Sender<O, void>;
  /** Sends a message after a delay. Durable; never early. */
  sendAfter<M>(delay: Duration, to: Address<M>, message: NoInfer<M>): CancellationToken;
  /** Sends a message at a time. Durable; never early. */
  sendAt<M>(at: Date, to: Address<M>, message: NoInfer<M>): CancellationToken;
  /** As `sendAfter`, for a contract: `ctx.after('5m').to(Ride.at(id)).expire()`. */
  after(delay: Duration): Timed;
  /** As `sendAt`, for a contract. */
  at(at: Date): Timed;
  /**
   * Cancels a timer that this address set; does nothing if it has fired, or if another address set it.
   *
   * @throws SF_UNSUPPORTED_VALUE for what is no token.
   */
  cancel(token: CancellationToken): void;
  /**
   * Asks another function; the answer, or why there is none, arrives as a later invocation of the operation that `replyTo`
   * names. Never awaited: what a handler sends leaves when it returns.
   */
  ask<O extends Operations>(to: ContractAddress<O>, options?: AskOptions): Asker<O>;
  /** Names the operation of this function's own contract that takes an answer; declare it `send<Reply<Answer>>()`. */
  replyTo<O extends Operations, K extends ReplyOperation<O>>(self: Contract<O>, operation: K): ReplyTo<AnswerOf<O, K>>;
  /** The right to answer this ask later. Return it from the handler instead of an answer. */
  replyHandle<R>(): ReplyHandle<R>;
  /** Answers an ask whose handle was kept. */
  reply<R>(handle: ReplyHandle<R>, reply: NoInfer<R>): void;
  /** Tells the asker that there will be no answer. */
  fail(handle: ReplyHandle<never>, failure: ReplyFailure): void;
  /** Drops all state of this address when the handler ends. Its timers stay. */
  forget(): void;
}

/** A moment at which messages are to be sent. */
export interface Timed {
  to<O extends Operations>(to: ContractAddress<O>): Sender<O, CancellationToken>;
}

export interface AskOptions {
  /** How long to wait for the answer; 30 s by default. */
  readonly timeout?: Duration;
}
