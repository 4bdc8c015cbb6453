import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  defineFunction,
  Egress,
  FunctionType,
  Ingress,
  JsonLinesSink,
  JsonLinesSource,
  type StatefulFunctionModule,
} from '@stateful-functions/core';
import type { Benchmark } from './benchmark.js';
import { inDirectory } from './in-directory.js';
import { runToEnd } from './run-to-end.js';

interface Order {
  readonly user: string;
  readonly item: string;
  readonly price: number;
}

interface Receipt {
  readonly user: string;
  readonly item: string;
  readonly paid: number;
}

const Shopper = FunctionType.of<Order>('bench/shopper');
const orders = Ingress.of<Order>('bench/orders');
const receipts = Egress.of<Receipt>('bench/receipts');
const users = 10_000;

const ShopperFn = defineFunction(Shopper, {
  state: () => ({ paid: 0 }),
  invoke(ctx, { user, item, price }) {
    this.paid += price;
    ctx.send(receipts, { user, item, paid: this.paid });
  },
});

/** Turns lines of one file into lines of another; resolves when they are durable, with the seconds that took. */
type Convert = (from: string, to: string) => Promise<number>;

/** A program that does it by hand, and loses its memory and half of a line when it is killed. */
const byHand: Convert = async (from, to) => {
  const startMs = performance.now();
  const paid = new Map<string, number>();
  const out = createWriteStream(to);
  for await (const line of createInterface({ input: createReadStream(from) })) {
    const { user, item, price } = JSON.parse(line) as Order;
    const sum = (paid.get(user) ?? 0) + price;
    paid.set(user, sum);
    if (!out.write(`${JSON.stringify({ user, item, paid: sum })}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
  const file = await open(to, 'r+');
  await file.sync();
  await file.close();
  return (performance.now() - startMs) / 1_000;
};

const byApplication: Convert = async (from, to) => {
  const module: StatefulFunctionModule = {
    configure(_config, binder) {
      binder.bindIngress(orders, new JsonLinesSource<Order>({ path: from }));
      binder.bindEgress(receipts, new JsonLinesSink<Receipt>({ path: to }));
      binder.bindFunctions(ShopperFn);
      binder.bindRouter(orders, (order, downstream) => downstream.forward(Shopper.at(order.user), order));
    },
  };
  return (await runToEnd(module)).seconds;
};

/** Lines per second. */
export function runLines(how: 'by-hand' | 'application', count: number): Promise<number> {
  return inDirectory(async (directory) => {
    const from = join(directory, 'orders.jsonl');
    const to = join(directory, 'receipts.jsonl');
    await writeFile(from, linesOf(count));
    const seconds = await (how === 'by-hand' ? byHand : byApplication)(from, to);
    await check(to, count);
    return count / seconds;
  });
}

function linesOf(count: number): string {
  let lines = '';
  for (let number = 0; number < count; number += 1) {
    const order: Order = { user: `user-${number % users}`, item: 'a thing of some kind', price: priceOf(number) };
    lines += `${JSON.stringify(order)}\n`;
  }
  return lines;
}

function priceOf(number: number): number {
  return 1 + (number % 9);
}

/** There is a line for each order, and each user has paid what was asked. @throws if not */
async function check(path: string, count: number): Promise<void> {
  const paid = new Map<string, number>();
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  for (const line of lines) {
    const receipt = JSON.parse(line) as Receipt;
    paid.set(receipt.user, receipt.paid);
  }
  let expected = 0;
  for (let number = 0; number < count; number += 1) expected += priceOf(number);
  const sum = [...paid.values()].reduce((total, one) => total + one, 0);
  if (lines.length !== count || sum !== expected)
    throw new Error(`${lines.length} lines of ${count} come to ${sum}, not ${expected}`);
}

const count = 400_000;

/** From a file to a file, exactly once. */
export const jsonLines: Benchmark = {
  name: 'json-lines',
  metric: 'lines',
  unit: '1/s',
  baseline: 'by-hand',
  cases: (['by-hand', 'application'] as const).map((name) => ({ name, run: () => runLines(name, count) })),
};
