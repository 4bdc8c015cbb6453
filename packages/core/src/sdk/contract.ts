import { Address } from './address.js';
import type { Context, QueryContext } from './context.js';
import { StatefulFunctionsError } from './errors.js';
import type { FunctionType } from './function-type.js';
import { checkName } from './name.js';
import type { ReplyHandle } from './reply.js';
import type { Schema, SchemaInput, SchemaOutput } from './schema.js';

/** An operation that is told something. `I` is what callers give, `M` what the handler takes. */
export interface Send<in I, out M> {
  readonly kind: 'send';
  readonly input: Schema | undefined;
  readonly takes: (input: I) => void;
  readonly handles: M;
}

/** An operation that is asked something and replies `R`. */
export interface Ask<in I, out M, out R> {
  readonly kind: 'ask';
  readonly input: Schema | undefined;
  readonly takes: (input: I) => void;
  readonly handles: M;
  readonly replies: R;
}

/** An operation that looks at state and changes nothing; replies `R`. */
export interface Query<in I, out M, out R> {
  readonly kind: 'query';
  readonly input: Schema | undefined;
  readonly takes: (input: I) => void;
  readonly handles: M;
  readonly replies: R;
}

export type Operation = Send<never, unknown> | Ask<never, unknown, unknown> | Query<never, unknown, unknown>;
export type Operations = { readonly [name: string]: Operation };

/** A function type with named operations. Made by `FunctionType.contract`. */
export interface Contract<out O extends Operations> {
  readonly name: string;
  readonly operations: O;
  /** The instance with this id. @throws SF_INVALID_ID */
  at(id: string): ContractAddress<O>;
}

/** The address of a contract's instance: for `to()` and `ask()`; `send()` refuses it at compile time. */
export class ContractAddress<out O extends Operations> extends Address<never> {
  /** Type-level only. */
  declare readonly operations: O;
}

/** What a class must have to implement a contract: one method per operation. */
export type Handlers<C extends Contract<Operations>> = {
  [K in keyof C['operations']]: Handler<C['operations'][K]>;
};

type Handler<P> =
  P extends Send<never, infer M>
    ? (ctx: Context, message: M) => void | Promise<void>
    : P extends Ask<never, infer M, infer R>
      ? (ctx: Context, message: M) => R | ReplyHandle<R> | Promise<R | ReplyHandle<R>>
      : P extends Query<never, infer M, infer R>
        ? (ctx: QueryContext, message: M) => R | Promise<R>
        : never;

/** The arguments of an operation: none for `void`. */
export type Input<P> = P extends { readonly takes: (input: infer I) => void }
  ? // biome-ignore lint/suspicious/noConfusingVoidType: an operation without payload is declared with void.
    [I] extends [void]
    ? []
    : [message: I]
  : never;

/** The `send` operations of a contract as methods; `T` is what each returns. */
export type Sender<O extends Operations, T> = {
  readonly [K in keyof O as O[K]['kind'] extends 'send' ? K : never]: (...message: Input<O[K]>) => T;
};

type ReplyOf<P> = P extends { readonly replies: infer R } ? R : never;

/** The `ask` operations of a contract as methods that take where the reply goes. */
export type Asker<O extends Operations> = {
  readonly [K in keyof O as O[K]['kind'] extends 'ask' ? K : never]: (
    ...args: [...Input<O[K]>, replyTo: ReplyTo<ReplyOf<O[K]>>]
  ) => void;
};

/** The operations of one kind as methods that return a promise of the reply: for clients, outside of functions. */
export type Caller<O extends Operations, Kind extends 'ask' | 'query'> = {
  readonly [K in keyof O as O[K]['kind'] extends Kind ? K : never]: (...message: Input<O[K]>) => Promise<ReplyOf<O[K]>>;
};

/** What an ask comes to: delivered to the operation that `ctx.replyTo` named. */
export type Reply<R> = { readonly ok: true; readonly value: R } | { readonly ok: false; readonly error: ReplyFailure };

/** Why there is no answer: `SF_ASK_TIMEOUT`, `SF_HANDLER_FAILED`, … and the failed handler's message. */
export interface ReplyFailure {
  readonly code: string;
  readonly message: string;
}

/** Where the answer to an ask is delivered: an operation of the asker. Made by `ctx.replyTo`. */
export interface ReplyTo<in R> {
  readonly operation: string;
  readonly accepts: (reply: R) => void;
}

/** The send operations of a contract that can take the answer `R`: those declared `send<Reply<R>>()`. */
export type ReplyOperation<O extends Operations> = {
  [K in keyof O]: O[K] extends Send<infer I, unknown> ? ([Reply<never>] extends [I] ? K : never) : never;
}[keyof O] &
  string;

/** The answer that the operation `K` of `O` takes. */
export type AnswerOf<O extends Operations, K extends keyof O> =
  O[K] extends Send<infer I, unknown> ? ([I] extends [Reply<infer R>] ? R : never) : never;

/** Declares an operation that is told something: `send<Trip>()`, `send(TripSchema)`, or `send()` for no payload. */
export function send(): Send<void, void>;
export function send<M>(): Send<M, M>;
export function send<X extends Schema>(input: X): Send<SchemaInput<X>, SchemaOutput<X>>;
export function send(input?: Schema): unknown {
  return { kind: 'send', input };
}

/** Declares an operation that is asked: `ask<Ride, Answer>()`, or with schemas for the question and the reply. */
export function ask<I, R>(): Ask<I, I, R>;
export function ask<X extends Schema, Y extends Schema>(
  input: X,
  reply: Y,
): Ask<SchemaInput<X>, SchemaOutput<X>, SchemaOutput<Y>>;
export function ask(input?: Schema, reply?: Schema): unknown {
  return { kind: 'ask', input, reply };
}

/** Declares an operation that looks and changes nothing: `query<void, Status>()`. */
export function query<I, R>(): Query<I, I, R>;
export function query<X extends Schema, Y extends Schema>(
  input: X,
  reply: Y,
): Query<SchemaInput<X>, SchemaOutput<X>, SchemaOutput<Y>>;
export function query(input?: Schema, reply?: Schema): unknown {
  return { kind: 'query', input, reply };
}

class NamedContract<O extends Operations> implements Contract<O>, FunctionType<never> {
  declare readonly takes: (message: never) => void;
  readonly schema = undefined;

  constructor(
    readonly name: string,
    readonly operations: O,
  ) {}

  at(id: string): ContractAddress<O> {
    return new ContractAddress<O>(this, id);
  }
}

/** @throws SF_INVALID_NAME, also for an operation that every object or promise has: `toString`, `then`. */
export function makeContract<const O extends Operations>(name: string, operations: O): Contract<O> {
  const taken = Object.keys(operations).find((operation) => operation === 'then' || operation in Object.prototype);
  if (taken !== undefined) {
    throw new StatefulFunctionsError(
      'SF_INVALID_NAME',
      `the contract ${name} has an operation ${taken}, which means something to every object. Rename it.`,
    );
  }
  return new NamedContract(checkName('function type', name), operations);
}

/** Whether a function type is a contract. */
export function isContract(type: { readonly name: string }): type is Contract<Operations> {
  return type instanceof NamedContract;
}
