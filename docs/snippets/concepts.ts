import {
  ask,
  type Binder,
  type Client,
  type Context,
  type Downstream,
  defineFunction,
  FunctionType,
  type Handlers,
  Ingress,
  JsonLinesSource,
  Module,
  Persisted,
  query,
  type Reply,
  type ReplyHandle,
  Route,
  type Router,
  Serializable,
  Service,
  StatefulFunction,
  type StatefulFunctionModule,
  send,
} from '@stateful-functions/core';

export interface Line {
  readonly sku: string;
  readonly count: number;
}

/** One for each kind of thing we sell, by its number. */
export const Stock = FunctionType.contract('shop/stock', {
  deliver: send<number>(),
  reserve: ask<number, boolean>(),
  left: query<void, number>(),
});

/** One for each order, by its number. */
export const Order = FunctionType.contract('shop/order', {
  place: ask<Line, string>(),
  reserved: send<Reply<boolean>>(),
});

@StatefulFunction(Stock)
export class StockFn implements Handlers<typeof Stock> {
  @Persisted() count = 0;

  deliver(_ctx: Context, count: number): void {
    this.count += count;
  }

  reserve(_ctx: Context, count: number): boolean {
    if (this.count < count) return false;
    this.count -= count;
    return true;
  }

  left(): number {
    return this.count;
  }
}

@Service()
export class OrderTexts {
  readonly thanks = 'Thank you!';
  readonly soldOut = 'We have not so many.';
}

@StatefulFunction(Order, { retry: { maxAttempts: 3, backoff: { initial: '200ms', max: '5s' } }, timeout: '10s' })
export class OrderFn implements Handlers<typeof Order> {
  @Persisted() buyer: ReplyHandle<string> | undefined = undefined;

  constructor(private readonly texts: OrderTexts) {}

  place(ctx: Context, { sku, count }: Line): ReplyHandle<string> {
    ctx.ask(Stock.at(sku), { timeout: '5s' }).reserve(count, ctx.replyTo(Order, 'reserved'));
    this.buyer = ctx.replyHandle<string>();
    return this.buyer;
  }

  reserved(ctx: Context, reply: Reply<boolean>): void {
    if (this.buyer === undefined) return;
    if (!reply.ok) ctx.fail(this.buyer, reply.error);
    else if (!reply.value) ctx.fail(this.buyer, { code: 'SOLD_OUT', message: this.texts.soldOut });
    else ctx.reply(this.buyer, this.texts.thanks);
    this.buyer = undefined;
  }
}

export const deliveries = Ingress.of<Line>('shop/deliveries');

@Route(deliveries)
export class DeliveryRouter implements Router<Line> {
  route({ sku, count }: Line, downstream: Downstream): void {
    if (count > 0) downstream.to(Stock.at(sku)).deliver(count);
  }
}

@Module()
export class ShopModule implements StatefulFunctionModule {
  configure(config: ReadonlyMap<string, string>, binder: Binder): void {
    const path = config.get('deliveries') ?? 'deliveries.jsonl';
    binder.bindIngress(deliveries, new JsonLinesSource({ path, follow: true }));
    binder.bindRouters(DeliveryRouter);
    binder.bindFunctions(StockFn, OrderFn, CounterFn);
  }
}

/** What a program outside of functions does; `client` is `app.client`. */
export async function buy(client: Pick<Client, 'to' | 'ask' | 'query'>): Promise<[string, number]> {
  await client.to(Stock.at('tea')).deliver(10);
  const thanks = await client.ask(Order.at('order-1'), { timeout: '10s' }).place({ sku: 'tea', count: 3 });
  const left = await client.query(Stock.at('tea')).left();
  return [thanks, left];
}

@Serializable('shop/money')
export class Money {
  constructor(
    readonly cents: number,
    readonly currency: string,
  ) {}

  plus({ cents }: Money): Money {
    return new Money(this.cents + cents, this.currency);
  }
}

export const Counter = FunctionType.of<number>('shop/counter');

export const CounterFn = defineFunction(Counter, {
  state: () => ({ total: 0 }),
  invoke(_ctx, step) {
    this.total += step;
  },
});
