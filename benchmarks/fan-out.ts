import {
  defineFunction,
  Egress,
  FunctionType,
  Ingress,
  type StatefulFunctionModule,
  send,
} from '@stateful-functions/core';
import type { Benchmark } from './benchmark.js';
import { GeneratedSource } from './generated-source.js';
import { runToEnd } from './run-to-end.js';
import { SummingSink } from './summing-sink.js';

const Hub = FunctionType.contract('bench/hub', { begin: send<number>(), answer: send<number>() });
const Leaf = FunctionType.of<{ readonly hub: string; readonly amount: number }>('bench/leaf');
const rounds = Ingress.of<number>('bench/rounds');
const done = Egress.of<number>('bench/done');

/** Leaves that a round goes to. */
const width = 100;
const hubs = 1_000;
const leaves = 10_000;

/** Sends a message to each of many, and adds up what they answer. */
const HubFn = defineFunction(Hub, {
  state: () => ({ answers: 0, sum: 0 }),
  handlers: {
    begin(ctx, round) {
      const hub = ctx.self.id;
      for (let number = 0; number < width; number += 1)
        ctx.send(Leaf.at(`leaf-${(round * width + number) % leaves}`), { hub, amount: number });
    },
    answer(ctx, amount) {
      this.answers += 1;
      this.sum += amount;
      if (this.answers % width !== 0) return;
      ctx.send(done, this.sum);
      this.sum = 0;
    },
  },
});

const LeafFn = defineFunction(Leaf, {
  state: () => ({ seen: 0 }),
  invoke(ctx, { hub, amount }) {
    this.seen += 1;
    ctx.to(Hub.at(hub)).answer(amount);
  },
});

/** Invocations per second. */
export async function runFanOut(count: number): Promise<number> {
  const sink = new SummingSink();
  const module: StatefulFunctionModule = {
    configure(_config, binder) {
      binder.bindIngress(
        rounds,
        GeneratedSource.of(count, (round) => round),
      );
      binder.bindEgress(done, sink);
      binder.bindFunctions(HubFn, LeafFn);
      binder.bindRouter(rounds, (round, downstream) => downstream.to(Hub.at(`hub-${round % hubs}`)).begin(round));
    },
  };
  const { status, seconds } = await runToEnd(module);
  const expected = (count * width * (width - 1)) / 2;
  if (sink.count !== count || sink.sum !== expected)
    throw new Error(`${sink.count} rounds of ${count} came to ${sink.sum}, not ${expected}`);
  if (status.invocations !== count * (1 + 2 * width)) throw new Error(`${status.invocations} invocations`);
  return status.invocations / seconds;
}

/** One message makes a hundred, to as many addresses, each of which answers. */
export const fanOut: Benchmark = {
  name: 'fan-out',
  metric: 'invocations',
  unit: '1/s',
  cases: [{ name: '1-to-100-and-back', run: () => runFanOut(8_000) }],
};
