import {
  ask,
  type Binder,
  type Context,
  FunctionType,
  type Handlers,
  Module,
  Persisted,
  query,
  StatefulFunction,
  type StatefulFunctionModule,
  send,
} from '@stateful-functions/core';
import { type Hop, nextHop, ringId } from './ring-shape.js';

/*
 * What both sides run: `restate/services.js` has the same functions, with the same state and the same messages, written as users of
 * that system write them.
 */

export interface Visit {
  readonly name: string;
  readonly pages: readonly string[];
}

interface Email {
  readonly to: string;
  readonly text: string;
  readonly count: number;
}

const Greeter = FunctionType.contract('peers/greeter', {
  greet: ask<Visit, number>(),
  visited: send<Visit>(),
  seen: query<void, number>(),
});
const EmailSender = FunctionType.contract('peers/email-sender', {
  deliver: send<Email>(),
  seen: query<void, number>(),
});
const Ring = FunctionType.contract('peers/ring', { hop: send<Hop>(), seen: query<void, number>() });

/** How many e-mails and hops this process has handled. */
export const progress = { handled: 0 };

@StatefulFunction(Greeter)
class GreeterFunction implements Handlers<typeof Greeter> {
  @Persisted() count = 0;
  @Persisted() last = '';

  greet(ctx: Context, { name }: Visit): number {
    this.count += 1;
    this.last = name;
    ctx.to(EmailSender.at(ctx.self.id)).deliver({ to: ctx.self.id, text: name, count: this.count });
    return this.count;
  }

  visited(ctx: Context, visit: Visit): void {
    this.greet(ctx, visit);
  }

  seen(): number {
    return this.count;
  }
}

@StatefulFunction(EmailSender)
class EmailSenderFunction implements Handlers<typeof EmailSender> {
  @Persisted() count = 0;
  @Persisted() last = '';

  deliver(_ctx: Context, { text }: Email): void {
    this.count += 1;
    this.last = text;
    progress.handled += 1;
  }

  seen(): number {
    return this.count;
  }
}

@StatefulFunction(Ring)
class RingFunction implements Handlers<typeof Ring> {
  @Persisted() count = 0;

  hop(ctx: Context, hop: Hop): void {
    this.count += 1;
    if (hop.left > 1) {
      const next = nextHop(hop);
      ctx.to(Ring.at(ringId(next.at))).hop(next);
    }
    progress.handled += 1;
  }

  seen(): number {
    return this.count;
  }
}

@Module()
export class PeersModule implements StatefulFunctionModule {
  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindFunctions(GreeterFunction, EmailSenderFunction, RingFunction);
  }
}
