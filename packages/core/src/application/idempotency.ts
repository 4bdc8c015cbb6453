import type { Invocation } from '../dispatch/invocation.js';
import type { AnyAddress } from '../sdk/address.js';
import type { Context } from '../sdk/context.js';
import { ask, type Reply, send } from '../sdk/contract.js';
import type { FunctionDefinition } from '../sdk/function-definition.js';
import { FunctionType } from '../sdk/function-type.js';
import { functionSpec } from '../sdk/registry.js';
import type { ReplyHandle } from '../sdk/reply.js';

/** A call that is to be made once, whoever repeats it. */
export interface KeyedCall {
  readonly to: AnyAddress;
  readonly operation: string | undefined;
  readonly message: unknown;
}

/** The system function behind idempotency keys: one instance for each key. */
export const Idempotency = FunctionType.contract('sf/idempotency', {
  call: ask<KeyedCall, unknown>(),
  done: send<Reply<unknown>>(),
  expire: send(),
});

const keptFor = '24h';

/** Remembers what a call with its key came to; whoever repeats the call waits for that, or gets it. */
class IdempotencyFunction {
  reply: Reply<unknown> | undefined = undefined;
  waiting: ReplyHandle<unknown>[] = [];
  begun = false;

  constructor(readonly kindOf: (typeName: string, operation: string | undefined) => 'send' | 'ask' | 'query') {}

  call(ctx: Context, { to, operation, message }: KeyedCall): ReplyHandle<unknown> {
    const handle = ctx.replyHandle<unknown>();
    if (this.reply !== undefined) this.#answer(ctx, handle, this.reply);
    else this.waiting = [...this.waiting, handle];
    if (this.begun) return handle;
    this.begun = true;
    ctx.after(keptFor).to(Idempotency.at(ctx.self.id)).expire();
    const isAsk = this.kindOf(to.type.name, operation) === 'ask';
    (ctx as unknown as Invocation).forward(to, operation, message, isAsk ? 'done' : undefined);
    if (!isAsk) this.done(ctx, { ok: true, value: undefined });
    return handle;
  }

  done(ctx: Context, reply: Reply<unknown>): void {
    this.reply = reply;
    for (const handle of this.waiting) this.#answer(ctx, handle, reply);
    this.waiting = [];
  }

  expire(ctx: Context): void {
    ctx.forget();
  }

  #answer(ctx: Context, handle: ReplyHandle<unknown>, reply: Reply<unknown>): void {
    if (reply.ok) ctx.reply(handle, reply.value);
    else ctx.fail(handle as ReplyHandle<never>, reply.error);
  }
}

/** @param kindOf tells what an operation of a bound function is. */
export function idempotencyDefinition(
  kindOf: (typeName: string, operation: string | undefined) => 'send' | 'ask' | 'query',
): FunctionDefinition {
  const field = (name: string) => ({ property: name, name, options: {} });
  return {
    ...functionSpec(Idempotency, {}),
    fields: [field('reply'), field('waiting'), field('begun')],
    create: () => new IdempotencyFunction(kindOf),
  };
}
