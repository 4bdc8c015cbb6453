import { join } from 'node:path';
import {
  Application,
  ask,
  type Binder,
  type Context,
  FunctionType,
  type Handlers,
  Module,
  Persisted,
  StatefulFunction,
  type StatefulFunctionModule,
} from '@stateful-functions/core';
import { HttpGateway } from '@stateful-functions/http-gateway';
import { BareServer } from './bare-server.js';
import type { Benchmark, Figures } from './benchmark.js';
import { inDirectory } from './in-directory.js';
import { inMicroseconds } from './latency-histogram.js';
import { type Load, type LoadResult, runLoad } from './load.js';

interface Visit {
  readonly name: string;
  readonly pages: readonly string[];
}

const Visitor = FunctionType.contract('bench/visitor', { visit: ask<Visit, number>() });
const Log = FunctionType.of<Visit>('bench/log');

/** Reads and writes its state, sends one message on, and answers. */
@StatefulFunction(Visitor)
class VisitorFunction implements Handlers<typeof Visitor> {
  @Persisted() seen = 0;
  @Persisted() last = '';

  visit(ctx: Context, visit: Visit): number {
    this.seen += 1;
    this.last = visit.name;
    ctx.send(Log.at(ctx.self.id), visit);
    return this.seen;
  }
}

@StatefulFunction(Log)
class LogFunction implements StatefulFunction<Visit> {
  @Persisted() pages = 0;

  invoke(_ctx: Context, visit: Visit): void {
    this.pages += visit.pages.length;
  }
}

@Module()
class VisitorModule implements StatefulFunctionModule {
  configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
    binder.bindFunctions(VisitorFunction, LogFunction);
  }
}

/** What callers do, at both servers. */
export interface Calls {
  /** `{id}` in it stands for an id. */
  readonly path: string;
  readonly isOneWay: boolean;
  /** What each call has functions do. */
  readonly invocations: number;
}

/** They wait for what a function answers. */
export const visits: Calls = { path: '/v1/bench/visitor/{id}/visit', isOneWay: false, invocations: 2 };
/** They wait for their message to be durable. */
const sends: Calls = { path: '/v1/bench/log/{id}', isOneWay: true, invocations: 1 };

/** Starts a server, has it asked, and stops it. */
export type Serve = (
  directory: string,
  calls: Calls,
  load: (url: string) => Promise<LoadResult>,
) => Promise<LoadResult>;

const serveGateway: Serve = async (directory, calls, load) => {
  const app = await Application.from(VisitorModule).start({ checkpoints: { directory }, handleSignals: false });
  const gateway = await HttpGateway.start(app, { port: 0 });
  try {
    const result = await load(gateway.url);
    await app.stop();
    // A figure counts only if everything happened that it stands for.
    const { invocations, deadLetters } = app.status;
    if (invocations !== calls.invocations * result.answered || deadLetters > 0)
      throw new Error(`${invocations} invocations and ${deadLetters} dead letters of ${result.answered} answers`);
    return result;
  } finally {
    await gateway.stop();
    await app.stop();
  }
};

export const serveBare: Serve = async (directory, _calls, load) => {
  const server = new BareServer(directory);
  try {
    return await load(await server.start());
  } finally {
    await server.stop();
  }
};

type Asking = Omit<Load, 'url' | 'path' | 'isOneWay' | 'ids'>;

function run(serve: Serve, calls: Calls, asking: Asking): Promise<LoadResult> {
  const { path, isOneWay } = calls;
  return inDirectory((directory) =>
    serve(join(directory, 'state'), calls, (url) => runLoad({ url, path, isOneWay, ids: 10_000, ...asking })),
  );
}

function durable(
  name: string,
  calls: Calls,
  [metric, unit]: [metric: string, unit: string],
  asking: Asking,
  figures: (result: LoadResult) => number | Figures,
): Benchmark {
  const measure = (serve: Serve) => async () => figures(await run(serve, calls, asking));
  return {
    name: `durable-${name}`,
    metric,
    unit,
    baseline: 'bare-http',
    cases: [
      { name: 'bare-http', run: measure(serveBare) },
      { name: 'http-gateway', run: measure(serveGateway) },
    ],
  };
}

const times = { warmUpMs: 1_000, measuredMs: 3_000 };
const steady = { callers: 100, rate: 500, warmUpMs: 1_000, measuredMs: 5_000 };

function latencyOfOne(name: string, calls: Calls): Benchmark {
  return durable(
    `${name}-1-latency`,
    calls,
    ['median latency', 'µs'],
    { callers: 1, ...times },
    ({ latencies }) => latencies.p50 * 1_000,
  );
}

function throughputOfAHundred(name: string, calls: Calls): Benchmark {
  return durable(
    `${name}-100-throughput`,
    calls,
    ['answered requests', '1/s'],
    { callers: 100, ...times },
    ({ perSecond }) => perSecond,
  );
}

/**
 * How soon a single caller has its durable reply, or is told that what it sent is durable; how many a hundred of them get; and how
 * long replies take that are asked for at a fixed rate.
 */
export const durableCalls: readonly Benchmark[] = [
  latencyOfOne('replies', visits),
  throughputOfAHundred('replies', visits),
  durable('replies-at-500-per-second', visits, ['latency', 'µs'], steady, ({ latencies }) => inMicroseconds(latencies)),
  latencyOfOne('sends', sends),
  throughputOfAHundred('sends', sends),
];
