import type { ReplyHandle } from '../sdk/reply.js';

/** The names of a function's handlers; any text where its class does not tell. */
export type OperationOf<F> = [keyof F] extends [never] ? string : MethodOf<F> & string;

type MethodOf<F> = { [K in keyof F]: F[K] extends (...args: never[]) => unknown ? K : never }[keyof F];

/** What a handler takes behind its context: a message, or nothing. */
export type MessageOf<F, K> = K extends keyof F
  ? F[K] extends (ctx: never, ...message: infer M) => unknown
    ? M
    : [message?: unknown]
  : [message?: unknown];

/** What a handler replies: not the handle it keeps to reply later. */
export type ResultOf<F, K> = K extends keyof F
  ? F[K] extends (...args: never[]) => infer R
    ? WithoutHandle<Awaited<R>>
    : unknown
  : unknown;

type WithoutHandle<R> = R extends ReplyHandle<infer A> ? A | undefined : R;
