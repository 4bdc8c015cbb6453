import type { Participant } from '../cluster/participant.js';
import { copyValue } from '../codec/data-model.js';
import { operationProxy, type ProxyKind } from '../dispatch/operation-proxy.js';
import type { Platform } from '../ports/platform.js';
import { randomHex } from '../ports/random.js';
import type { Scheduled } from '../ports/scheduler.js';
import type { Address, AnyAddress } from '../sdk/address.js';
import type { Headers } from '../sdk/context.js';
import type { Caller, ContractAddress, Operation, Operations, Reply, Sender } from '../sdk/contract.js';
import { type Duration, durationMs } from '../sdk/duration.js';
import { asError, StatefulFunctionsError } from '../sdk/errors.js';
import type { FunctionDefinition } from '../sdk/function-definition.js';
import { type AnyFunctionType, FunctionType } from '../sdk/function-type.js';
import { type ClientReplyTarget, type Consistency, ReplyHandle } from '../sdk/reply.js';
import { validate } from '../sdk/schema.js';
import type { StoredMessage } from '../worker/message-form.js';
import type { Submission } from '../worker/worker.js';
import type { Bindings } from './bindings.js';
import { Idempotency } from './idempotency.js';

export interface SendOptions {
  /** A second call with the same key does nothing and ends like the first. Kept for a day. */
  readonly idempotencyKey?: string;
  readonly headers?: Headers;
}

export interface CallOptions extends SendOptions {
  /** `committed` (the default): the reply comes when nothing of it can be rolled back. `processed`: at once. */
  readonly consistency?: Consistency;
  /** How long to wait; 30 s by default. The call itself is not undone. */
  readonly timeout?: Duration;
}

/** The participant that takes a client's messages to functions, and replies back. */
export interface ClientGateway {
  /** The random name of its start, by which replies find it. */
  readonly incarnation: string;
  /** Whether a call that may be made again has to be, when its reply takes long. */
  readonly repliesMayGetLost?: boolean;
  /** @throws SF_UNBOUND_FUNCTION */
  definitionOf(type: AnyFunctionType): Pick<FunctionDefinition, 'type' | 'operations'>;
  /** Takes a message; if that takes time and fails, whether it was taken is not known. */
  submit(submission: Submission): void | Promise<void>;
}

/** The way of a client by a participant that stays. */
export function gatewayOf(participant: Participant, bindings: Pick<Bindings, 'definitionOf'>): ClientGateway {
  return {
    incarnation: participant.incarnation,
    definitionOf: ({ name }) => bindings.definitionOf(name),
    submit: (submission) => participant.submit(submission),
  };
}

interface Waiting {
  settle(reply: Reply<unknown>): void;
  fail(error: Error): void;
}

/** A call that is under way. */
interface Call extends Waiting {
  readonly ended: Promise<void>;
}

const defaultTimeoutMs = 30_000;
/** A reply that takes longer may have got lost, where that can happen. */
const askAgainAfterMs = 2_000;

/**
 * Talks to functions from outside of them.
 *
 * A send resolves when the message is durable; an ask or query with its reply, once nothing that it shows can be rolled back.
 */
export class Client {
  readonly #gateway: ClientGateway;
  readonly #platform: Platform;
  readonly #waiting = new Map<number, Call>();
  #calls = 0;
  #closed: Error | undefined;

  constructor(gateway: ClientGateway, platform: Platform) {
    this.#gateway = gateway;
    this.#platform = platform;
  }

  /** Takes a reply to one of its calls. */
  receive(target: ClientReplyTarget, reply: Reply<unknown>): void {
    if (target.client === this.#gateway.incarnation) this.#settle(target.call, reply);
  }

  /** Sends a message to a function; resolves when it is durable. @throws SF_STOPPED, SF_SCHEMA, SF_UNSUPPORTED_VALUE */
  async send<M>(to: Address<M>, message: NoInfer<M>, options: SendOptions = {}): Promise<void> {
    const { schema, name } = this.#gateway.definitionOf(to.type).type;
    const checked = schema === undefined ? message : validate(schema, message, `message to ${name}`);
    await this.#send(to, undefined, checked, options);
  }

  /** The send operations of a contract's instance: `client.to(Driver.at(id)).finish(trip)`. */
  to<O extends Operations>(to: ContractAddress<O>, options: SendOptions = {}): Sender<O, Promise<void>> {
    return this.#proxy(to, 'send', (address, operation, message) => this.#send(address, operation, message, options));
  }

  /** The ask operations: `await client.ask(Driver.at(id)).offer(ride)`. @throws what the handler failed with, SF_ASK_TIMEOUT */
  ask<O extends Operations>(to: ContractAddress<O>, options: CallOptions = {}): Caller<O, 'ask'> {
    return this.#proxy(to, 'client-ask', (address, operation, message) =>
      this.#call(address, operation, message, options, false),
    );
  }

  /** The query operations: `await client.query(Driver.at(id)).status()`. */
  query<O extends Operations>(to: ContractAddress<O>, options: CallOptions = {}): Caller<O, 'query'> {
    return this.#proxy(to, 'client-query', (address, operation, message) =>
      this.#call(address, operation, message, options, true),
    );
  }

  /**
   * Calls a function that is known by its names alone, as gateways know what callers of other languages want: by way of
   * `send`, `ask` or `query`, whichever the operation is.
   *
   * @param operation of a contract; `undefined` for a function that has `invoke`.
   * @returns the reply, or `undefined` once what was sent is durable.
   * @throws SF_INVALID_NAME, SF_INVALID_ID, SF_UNBOUND_FUNCTION, SF_UNKNOWN_OPERATION, and what the three throw
   */
  async call(
    typeName: string,
    id: string,
    operation: string | undefined,
    message: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    const kind = this.kindOf(typeName, operation);
    const to = FunctionType.of<unknown>(typeName as `${string}/${string}`).at(id);
    if (operation === undefined) return this.send(to, message, options);
    const callers = { send: this.to, ask: this.ask, query: this.query } as const;
    const caller: Record<string, (message: unknown) => Promise<unknown>> = callers[kind].call(
      this,
      to as never,
      options,
    );
    return caller[operation]?.(message);
  }

  /**
   * What an operation of a bound function is: a function that has `invoke`, and no operations, is sent to.
   *
   * @throws SF_INVALID_NAME, SF_UNBOUND_FUNCTION, SF_UNKNOWN_OPERATION
   */
  kindOf(typeName: string, operation: string | undefined): Operation['kind'] {
    const { operations } = this.#gateway.definitionOf(FunctionType.of<never>(typeName as `${string}/${string}`));
    if (operation === undefined && operations === undefined) return 'send';
    if (operation !== undefined && operations !== undefined && Object.hasOwn(operations, operation))
      return (operations[operation] as Operation).kind;
    throw new StatefulFunctionsError(
      'SF_UNKNOWN_OPERATION',
      operations === undefined
        ? `${typeName} is no contract and has no operation ${JSON.stringify(operation)}. Name none.`
        : `${typeName} has no operation ${JSON.stringify(operation)}. Name one of ${Object.keys(operations).join(', ')}.`,
    );
  }

  /** Whoever waits is told that the application has stopped. */
  close(error: Error): void {
    this.#closed = error;
    this.interrupt(error);
  }

  /** Takes no more calls; resolves when none is under way any more. */
  async quiesce(): Promise<void> {
    this.#closed ??= stoppedError();
    await Promise.all([...this.#waiting.values()].map(({ ended }) => ended));
  }

  /** Whoever waits will not learn any more what became of the call. */
  interrupt(error: Error): void {
    for (const waiting of [...this.#waiting.values()]) waiting.fail(error);
  }

  #proxy<T>(
    to: AnyAddress,
    kind: ProxyKind,
    emit: (to: AnyAddress, operation: string, message: unknown) => unknown,
  ): T {
    return operationProxy(to, this.#gateway.definitionOf(to.type).operations, kind, emit) as T;
  }

  async #send(to: AnyAddress, operation: string | undefined, message: unknown, options: SendOptions): Promise<void> {
    if (options.idempotencyKey !== undefined) {
      await this.#callOnce(to, operation, message, options, options.idempotencyKey);
      return;
    }
    const stored = this.#message(to, operation, message, options.headers);
    await new Promise<void>((resolve, reject) => {
      const number = this.#await({ settle: () => resolve(), fail: reject });
      const committed = () => this.#settle(number, { ok: true, value: undefined });
      this.#submit(number, () => ({ message: stored, committed }));
    });
  }

  async #call(
    to: AnyAddress,
    operation: string,
    message: unknown,
    options: CallOptions,
    query: boolean,
  ): Promise<unknown> {
    if (options.idempotencyKey !== undefined && !query)
      return this.#callOnce(to, operation, message, options, options.idempotencyKey);
    return this.#request(to, operation, message, options, query);
  }

  /** By way of the function that remembers what a key came to. */
  #callOnce(
    to: AnyAddress,
    operation: string | undefined,
    message: unknown,
    options: CallOptions,
    key: string,
  ): Promise<unknown> {
    return this.#request(Idempotency.at(key), 'call', { to, operation, message }, options, false, true);
  }

  async #request(
    to: AnyAddress,
    operation: string,
    message: unknown,
    options: CallOptions,
    query: boolean,
    isRepeatable = query,
  ): Promise<unknown> {
    const timeoutMs = options.timeout === undefined ? defaultTimeoutMs : durationMs(options.timeout);
    const reply = await new Promise<Reply<unknown>>((resolve, reject) => {
      const timer = this.#platform.scheduler.after(timeoutMs, () => {
        const message = `${to} did not answer ${operation} within ${timeoutMs} ms. The call may still have taken effect.`;
        this.#settle(number, { ok: false, error: { code: 'SF_ASK_TIMEOUT', message } });
      });
      const ended =
        <T>(then: (outcome: T) => void) =>
        (outcome: T) => {
          timer.cancel();
          again?.cancel();
          then(outcome);
        };
      const number = this.#await({ settle: ended(resolve), fail: ended(reject) });
      const { consistency = 'committed' } = options;
      const { incarnation: client } = this.#gateway;
      const target: ClientReplyTarget = { kind: 'client', client, call: number, consistency, query };
      let again: Scheduled | undefined;
      const submit = () => {
        this.#submit(number, () => ({
          message: this.#message(to, operation, message, options.headers, target),
          committed: undefined,
        }));
        if (!isRepeatable || this.#gateway.repliesMayGetLost !== true || !this.#waiting.has(number)) return;
        again = this.#platform.scheduler.after(askAgainAfterMs, submit);
      };
      submit();
    });
    if (reply.ok) return reply.value;
    throw new CallError(reply.error.code, reply.error.message);
  }

  /** Hands a call to the worker. One that is refused, here or there, is over. */
  #submit(number: number, make: () => Submission): void {
    const refused = (error: unknown) => this.#waiting.get(number)?.fail(asError(error));
    try {
      this.#gateway.submit(make())?.catch(refused);
    } catch (error) {
      refused(error);
    }
  }

  #message(
    to: AnyAddress,
    operation: string | undefined,
    message: unknown,
    headers: Headers = {},
    reply?: ClientReplyTarget,
  ): StoredMessage {
    if (this.#closed !== undefined) throw this.#closed;
    this.#gateway.definitionOf(to.type);
    const handle = reply === undefined ? undefined : new ReplyHandle(reply);
    const id = randomHex(this.#platform.random, 16);
    return [to, copyValue(message), operation, undefined, { ...headers }, handle, id, 1, 0, undefined, false];
  }

  #await(waiting: Waiting): number {
    if (this.#closed !== undefined) throw this.#closed;
    this.#calls += 1;
    const number = this.#calls;
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const done = () => {
      this.#waiting.delete(number);
      end();
    };
    this.#waiting.set(number, {
      ended,
      settle(reply) {
        done();
        waiting.settle(reply);
      },
      fail(error) {
        done();
        waiting.fail(error);
      },
    });
    return number;
  }

  #settle(number: number, reply: Reply<unknown>): void {
    this.#waiting.get(number)?.settle(reply);
  }
}

/** What a call from outside came to, when it has no reply: the code and message of what its function failed with. */
export class CallError extends Error {
  override readonly name = 'CallError';

  constructor(
    /** `SF_HANDLER_FAILED`, `SF_ASK_TIMEOUT`, or what the function passed to `ctx.fail`. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What calls end with that a worker took which has failed since. */
export function interruptedError(): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_INTERRUPTED',
    'the worker that took the call failed, and whether the call took effect is not known. Call again; with an idempotencyKey it ' +
      'takes effect once.',
  );
}

/** What a client's calls end with once the application has stopped. */
export function stoppedError(cause?: unknown): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_STOPPED',
    'the application has stopped. Start it again; what was acknowledged is not lost.',
    { cause },
  );
}
