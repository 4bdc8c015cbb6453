import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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
import type { Benchmark } from './benchmark.js';
import { type LoadResult, runLoad } from './load.js';

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

/** What callers do: `replies` wait for what a function answers, `sends` for the message to be durable. */
interface Calls {
  readonly name: 'replies' | 'sends';
  readonly path: string;
  readonly operation?: string;
  /** What each call has functions do. */
  readonly invocations: number;
}

const replies: Calls = { name: 'replies', path: '/v1/bench/visitor', operation: 'visit', invocations: 2 };
const sends: Calls = { name: 'sends', path: '/v1/bench/log', invocations: 1 };

/** Starts a server, has so many callers ask it, and stops it. */
type Serve = (directory: string, calls: Calls, load: (url: string) => Promise<LoadResult>) => Promise<LoadResult>;

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

const serveBare: Serve = async (directory, _calls, load) => {
  const server = new BareServer(directory);
  try {
    return await load(await server.start());
  } finally {
    await server.stop();
  }
};

async function run(serve: Serve, calls: Calls, callers: number): Promise<LoadResult> {
  const directory = await mkdtemp(join(tmpdir(), 'stateful-functions-bench-'));
  try {
    const { path, operation } = calls;
    return await serve(join(directory, 'state'), calls, (url) =>
      runLoad({ url, path, operation, callers, ids: 10_000, warmUpMs: 1_000, measuredMs: 3_000 }),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function durable(calls: Calls, callers: number, unit: 'µs' | '1/s', figure: (result: LoadResult) => number): Benchmark {
  const measure = (serve: Serve) => async () => figure(await run(serve, calls, callers));
  return {
    name: `durable-${calls.name}-${callers}-${unit === 'µs' ? 'latency' : 'throughput'}`,
    metric: unit === 'µs' ? 'median latency' : 'answered requests',
    unit,
    baseline: 'bare-http',
    cases: [
      { name: 'bare-http', run: measure(serveBare) },
      { name: 'http-gateway', run: measure(serveGateway) },
    ],
  };
}

/** How soon a single caller has its durable reply, or is told that what it sent is durable, and how many a hundred of them get. */
export const durableCalls: readonly Benchmark[] = [replies, sends].flatMap((calls) => [
  durable(calls, 1, 'µs', ({ p50Ms }) => p50Ms * 1_000),
  durable(calls, 100, '1/s', ({ perSecond }) => perSecond),
]);
