/**
 * What the compiler must accept of contracts, and what it must refuse: an unused `@ts-expect-error` fails the build.
 * Nothing here runs.
 */
import type {
  Binder,
  Client,
  Context,
  Downstream,
  Handlers,
  QueryContext,
  Reply,
  ReplyHandle,
} from '../../src/index.js';
import { ask, defineFunction, FunctionType, Persisted, query, StatefulFunction, send } from '../../src/index.js';
import { Count } from './schemas.js';

interface Ride {
  readonly from: string;
}
interface Answer {
  readonly accepted: boolean;
}
interface Trip {
  readonly fare: bigint;
}
type Status = 'free' | 'busy';

const Driver = FunctionType.contract('ride/driver', {
  offer: ask<Ride, Answer>(),
  rest: ask<void, Date>(),
  finish: send<Trip>(),
  wake: send(),
  count: send(Count),
  tally: ask(Count, Count),
  status: query<void, Status>(),
  near: query<Ride, number>(),
});
const Riders = FunctionType.contract('ride/rider', {
  answered: send<Reply<Answer>>(),
  rested: send<Reply<Date>>(),
  told: send<Answer>(),
});

// @ts-expect-error a name has a namespace
FunctionType.contract('driver', { wake: send() });
// @ts-expect-error an operation is made by send, ask or query
FunctionType.contract('ride/other', { wake: 'send' });

export function sends(ctx: Context, downstream: Downstream): void {
  const driver = Driver.at('d');
  ctx.to(driver).finish({ fare: 3n });
  ctx.to(driver).wake();
  ctx.to(driver).count('3');
  downstream.to(driver).finish({ fare: 3n });
  ctx.cancel(ctx.after('5m').to(driver).finish({ fare: 3n }));
  ctx.cancel(ctx.at(new Date(0)).to(driver).wake());
  // @ts-expect-error a wrong payload
  ctx.to(driver).finish({ fare: 3 });
  // @ts-expect-error a payload is missing
  ctx.to(driver).finish();
  // @ts-expect-error a payload where there is none
  ctx.to(driver).wake(1);
  // @ts-expect-error callers give the input of a schema
  ctx.to(driver).count(3);
  // @ts-expect-error an ask is not told
  ctx.to(driver).offer({ from: 'here' });
  // @ts-expect-error nor is a query
  ctx.to(driver).status();
  // @ts-expect-error no such operation
  ctx.to(driver).fly();
  // @ts-expect-error nor is an ask told later
  ctx.after('5m').to(driver).offer({ from: 'here' });
  // @ts-expect-error nor by a router
  downstream.to(driver).offer({ from: 'here' });
  // @ts-expect-error a contract takes operations, not messages
  ctx.send(driver, { fare: 3n });
  // @ts-expect-error nor does a router forward messages to it
  downstream.forward(driver, { fare: 3n });
}

export function asks(ctx: Context): void {
  const driver = Driver.at('d');
  ctx.ask(driver).offer({ from: 'here' }, ctx.replyTo(Riders, 'answered'));
  ctx.ask(driver, { timeout: '3s' }).rest(ctx.replyTo(Riders, 'rested'));
  // @ts-expect-error the answer needs somewhere to go
  ctx.ask(driver).offer({ from: 'here' });
  // @ts-expect-error an operation that takes another answer
  ctx.ask(driver).offer({ from: 'here' }, ctx.replyTo(Riders, 'rested'));
  // @ts-expect-error an operation that takes no reply
  ctx.replyTo(Riders, 'told');
  // @ts-expect-error a wrong question
  ctx.ask(driver).offer({ to: 'there' }, ctx.replyTo(Riders, 'answered'));
  // @ts-expect-error what is told is not asked
  ctx.ask(driver).finish({ fare: 3n }, ctx.replyTo(Riders, 'answered'));
  // @ts-expect-error a query is asked by clients only
  ctx.ask(driver).near({ from: 'here' }, ctx.replyTo(Riders, 'answered'));
}

export async function calls(client: Client): Promise<void> {
  const answer: Answer = await client.ask(Driver.at('d')).offer({ from: 'here' });
  const status: Status = await client.query(Driver.at('d')).status();
  const tally: number = await client.ask(Driver.at('d')).tally('3');
  void [answer, status, tally];
  // @ts-expect-error a query is not asked
  client.ask(Driver.at('d')).status();
  // @ts-expect-error an ask is not a query
  client.query(Driver.at('d')).offer({ from: 'here' });
}

@StatefulFunction(Driver)
export class DriverFn implements Handlers<typeof Driver> {
  @Persisted() handle: ReplyHandle<Date> | undefined = undefined;

  async offer(_ctx: Context, ride: Ride): Promise<Answer> {
    return { accepted: ride.from === 'here' };
  }

  rest(ctx: Context): ReplyHandle<Date> {
    this.handle = ctx.replyHandle<Date>();
    return this.handle;
  }

  finish(ctx: Context, trip: Trip): void {
    if (this.handle === undefined) return;
    ctx.reply(this.handle, new Date(Number(trip.fare)));
    ctx.fail(this.handle, { code: 'TIRED', message: 'not now' });
    // @ts-expect-error another answer than the handle is for
    ctx.reply(this.handle, 'later');
  }

  wake(): void {}

  count(_ctx: Context, count: number): void {
    count.toFixed();
  }

  tally(_ctx: Context, count: number): number {
    return count;
  }

  status(ctx: QueryContext): Status {
    // @ts-expect-error a query does not send
    ctx.send;
    return 'free';
  }

  near(_ctx: QueryContext, _ride: Ride): number {
    return 1;
  }
}

const Small = FunctionType.contract('ride/small', { offer: ask<Ride, Answer>(), wake: send() });

// @ts-expect-error the handler of wake is missing
@StatefulFunction(Small)
export class HalfFn {
  offer(): Answer {
    return { accepted: true };
  }
}

// @ts-expect-error a reply of another type
@StatefulFunction(Small)
export class WrongReplyFn {
  offer(): string {
    return 'yes';
  }
  wake(): void {}
}

// @ts-expect-error a handle for a reply of another type
@StatefulFunction(Small)
export class WrongHandleFn {
  offer(ctx: Context): ReplyHandle<Date> {
    return ctx.replyHandle<Date>();
  }
  wake(): void {}
}

// @ts-expect-error a handler that wants more than callers give
@StatefulFunction(Small)
export class NarrowFn {
  offer(_ctx: Context, _ride: Ride & { readonly to: string }): Answer {
    return { accepted: true };
  }
  wake(): void {}
}

// @ts-expect-error a contract is not implemented by invoke
@StatefulFunction(Small)
export class InvokeFn {
  invoke(): void {}
}

export const defined = defineFunction(Small, {
  state: () => ({ offers: 0 }),
  handlers: {
    offer(_ctx, ride) {
      this.offers += ride.from.length;
      // @ts-expect-error not in the state
      this.rides;
      return { accepted: true };
    },
    wake() {},
  },
});

// @ts-expect-error the handler of wake is missing
defineFunction(Small, { handlers: { offer: () => ({ accepted: true }) } });
// @ts-expect-error a reply of another type
defineFunction(Small, { handlers: { offer: () => 'yes', wake() {} } });

export function binds(binder: Binder): void {
  binder.bindFunctions(DriverFn, defined);
  binder.bindFunction(Driver, () => new DriverFn());
  // @ts-expect-error a factory of another function
  binder.bindFunction(Small, () => ({ offer: () => ({ accepted: true }) }));
}
