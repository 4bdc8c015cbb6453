import { setTimeout as wait } from 'node:timers/promises';
import { defineFunction, Egress, FunctionType, Ingress, type StatefulFunctionModule } from '@stateful-functions/core';
import type { Benchmark } from './benchmark.js';
import { GeneratedSource } from './generated-source.js';
import { runToEnd } from './run-to-end.js';
import { SummingSink } from './summing-sink.js';

interface Step {
  readonly id: string;
  readonly amount: number;
  readonly isLast: boolean;
}

/** What a handler waits for. */
export type Waits = 'for-nothing' | 'for-a-promise' | 'for-1-ms';

const Sum = FunctionType.of<Step>('bench/sum');
const steps = Ingress.of<Step>('bench/steps');
const sums = Egress.of<number>('bench/sums');
const state = () => ({ sum: 0 });

const functions = {
  'for-nothing': defineFunction(Sum, {
    state,
    invoke(ctx, { amount, isLast }) {
      this.sum += amount;
      if (isLast) ctx.send(sums, this.sum);
    },
  }),
  'for-a-promise': defineFunction(Sum, {
    state,
    async invoke(ctx, { amount, isLast }) {
      this.sum += await Promise.resolve(amount);
      if (isLast) ctx.send(sums, this.sum);
    },
  }),
  'for-1-ms': defineFunction(Sum, {
    state,
    async invoke(ctx, { amount, isLast }) {
      this.sum += (await wait(1, amount)) as number;
      if (isLast) ctx.send(sums, this.sum);
    },
  }),
};

/** @param count of messages, a multiple of `ids` */
export async function runAsync(waits: Waits, { ids, count }: { ids: number; count: number }): Promise<number> {
  const sink = new SummingSink();
  const source = GeneratedSource.of(
    count,
    (number): Step => ({
      id: `sum-${number % ids}`,
      amount: 1 + (number % 3),
      isLast: number >= count - ids,
    }),
  );
  const module: StatefulFunctionModule = {
    configure(_config, binder) {
      binder.bindIngress(steps, source);
      binder.bindEgress(sums, sink);
      binder.bindFunctions(functions[waits]);
      binder.bindRouter(steps, (step, downstream) => downstream.forward(Sum.at(step.id), step));
    },
  };
  const { status, seconds } = await runToEnd(module);
  let sum = 0;
  for (let number = 0; number < count; number += 1) sum += 1 + (number % 3);
  if (sink.count !== ids || sink.sum !== sum) throw new Error(`${sink.count} sums come to ${sink.sum}, not ${sum}`);
  return status.invocations / seconds;
}

const load = { ids: 10_000, count: 400_000 };

/** What a promise costs, and what waiting costs where others go on meanwhile. */
export const asyncHandler: Benchmark = {
  name: 'async-handler',
  metric: 'invocations',
  unit: '1/s',
  baseline: 'waits-for-nothing',
  cases: (['for-nothing', 'for-a-promise', 'for-1-ms'] as const).map((waits) => ({
    name: `waits-${waits}`,
    run: () => runAsync(waits, load),
  })),
};
