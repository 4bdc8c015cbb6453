import { defineFunction, Egress, FunctionType, Ingress, type StatefulFunctionModule } from '@stateful-functions/core';
import type { Benchmark } from './benchmark.js';
import { GeneratedSource } from './generated-source.js';
import { runToEnd } from './run-to-end.js';
import { SummingSink } from './summing-sink.js';

interface Token {
  readonly at: number;
  readonly left: number;
}

const Station = FunctionType.of<Token>('bench/station');
const tokens = Ingress.of<Token>('bench/tokens');
const ended = Egress.of<number>('bench/ended');
const stations = 1_000;

/** Hands a token on to the next station, until it has made all its hops. */
const StationFn = defineFunction(Station, {
  state: () => ({ seen: 0 }),
  invoke(ctx, { at, left }) {
    this.seen += 1;
    const next = (at + 1) % stations;
    if (left > 1) ctx.send(Station.at(`station-${next}`), { at: next, left: left - 1 });
    else ctx.send(ended, at);
  },
});

/** Hops per second of so many tokens that go round at once, each of which makes as many hops. */
export async function runRing(count: number, hops: number): Promise<number> {
  const sink = new SummingSink();
  const module: StatefulFunctionModule = {
    configure(_config, binder) {
      binder.bindIngress(
        tokens,
        GeneratedSource.of(count, (number): Token => ({ at: number % stations, left: hops })),
      );
      binder.bindEgress(ended, sink);
      binder.bindFunctions(StationFn);
      binder.bindRouter(tokens, (token, downstream) => downstream.forward(Station.at(`station-${token.at}`), token));
    },
  };
  const { status, seconds } = await runToEnd(module);
  if (sink.count !== count || status.invocations !== count * hops)
    throw new Error(`${sink.count} tokens of ${count} have made ${status.invocations} hops`);
  return status.invocations / seconds;
}

/** What a hop takes when nothing else is under way, and when much is. */
export const ring: Benchmark = {
  name: 'ring',
  metric: 'hops',
  unit: '1/s',
  cases: [
    { name: '1-token', run: () => runRing(1, 500_000) },
    { name: '1,000-tokens', run: () => runRing(1_000, 1_500) },
  ],
};
