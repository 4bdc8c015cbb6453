import { defineFunction, Egress, FunctionType, Ingress, type StatefulFunctionModule } from '@stateful-functions/core';
import type { Benchmark } from './benchmark.js';
import { GeneratedSource } from './generated-source.js';
import { runToEnd } from './run-to-end.js';
import { SummingSink } from './summing-sink.js';

interface Purchase {
  readonly id: string;
  readonly item: string;
  readonly price: number;
  /** Whether it is the last of its cart. */
  readonly isLast: boolean;
}

const Cart = FunctionType.of<Purchase>('bench/cart');
const purchases = Ingress.of<Purchase>('bench/purchases');
const totals = Egress.of<number>('bench/totals');

const items = ['apples', 'bread', 'cheese', 'dates', 'eggs', 'figs', 'grapes', 'honey'];

/** A cart that is one nested object, changed in place: which is found by comparing what it looks like encoded. */
const ObjectCartFn = defineFunction(Cart, {
  state: () => ({
    cart: {
      owner: { name: 'Ada', address: { street: 'Baker Street 221b', city: 'London' } },
      lines: Object.fromEntries(items.map((item) => [item, { count: 0, paid: 0 }])),
      totals: { count: 0, paid: 0 },
    },
  }),
  invoke(ctx, { item, price, isLast }) {
    const { lines, totals: sums } = this.cart;
    const line = lines[item] as { count: number; paid: number };
    line.count += 1;
    line.paid += price;
    sums.count += 1;
    sums.paid += price;
    if (isLast) ctx.send(totals, sums.paid);
  },
});

/** A cart that knows the totals only. */
const NumbersCartFn = defineFunction(Cart, {
  state: () => ({ count: 0, paid: 0 }),
  invoke(ctx, { price, isLast }) {
    this.count += 1;
    this.paid += price;
    if (isLast) ctx.send(totals, this.paid);
  },
});

/** @param count of purchases, a multiple of `ids` */
export async function runCarts(
  kind: 'object' | 'numbers',
  { ids, count }: { ids: number; count: number },
): Promise<number> {
  const sink = new SummingSink();
  const source = GeneratedSource.of(
    count,
    (number): Purchase => ({
      id: `cart-${number % ids}`,
      item: items[number % items.length] as string,
      price: 1 + (number % 7),
      isLast: number >= count - ids,
    }),
  );
  const module: StatefulFunctionModule = {
    configure(_config, binder) {
      binder.bindIngress(purchases, source);
      binder.bindEgress(totals, sink);
      binder.bindFunctions(kind === 'object' ? ObjectCartFn : NumbersCartFn);
      binder.bindRouter(purchases, (purchase, downstream) => downstream.forward(Cart.at(purchase.id), purchase));
    },
  };
  const { status, seconds } = await runToEnd(module);
  let paid = 0;
  for (let number = 0; number < count; number += 1) paid += 1 + (number % 7);
  if (sink.count !== ids || sink.sum !== paid) throw new Error(`${sink.count} carts paid ${sink.sum}, not ${paid}`);
  return status.invocations / seconds;
}

const carts = { ids: 10_000, count: 400_000 };

/** What it costs to have an object as state, which is encoded and compared at each invocation. */
export const objectState: Benchmark = {
  name: 'object-state',
  metric: 'invocations',
  unit: '1/s',
  baseline: 'two-numbers',
  cases: [
    { name: 'two-numbers', run: () => runCarts('numbers', carts) },
    { name: 'nested-object', run: () => runCarts('object', carts) },
  ],
};
