import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Application,
  type Binder,
  type Context,
  Egress,
  type EgressRecord,
  type EgressSink,
  FunctionType,
  Ingress,
  type IngressReader,
  type IngressSource,
  Module,
  Persisted,
  Route,
  type Downstream,
  type Router,
  StatefulFunction,
  type StatefulFunctionModule,
} from '@stateful-functions/core';
import { makeId, runBareLoop } from './bare-loop.js';
import type { Benchmark } from './benchmark.js';

interface Request {
  readonly id: string;
  readonly name: string;
}

interface Email {
  readonly to: string;
  readonly text: string;
  readonly count: number;
}

const Greeter = FunctionType.of<Request>('bench/greeter');
const EmailSender = FunctionType.of<Email>('bench/email-sender');
const requests = Ingress.of<Request>('bench/requests');
const emails = Egress.of<string>('bench/emails');

/** One email in so many goes out by the egress, so that the figure is of invocations and not of the sink. */
const egressEvery = 100;

@StatefulFunction(Greeter)
class GreeterFunction implements StatefulFunction<Request> {
  @Persisted() seen = 0;
  @Persisted() last = '';

  invoke(ctx: Context, request: Request): void {
    this.seen += 1;
    this.last = request.name;
    ctx.send(EmailSender.at(request.id), { to: request.id, text: request.name, count: this.seen });
  }
}

@StatefulFunction(EmailSender)
class EmailSenderFunction implements StatefulFunction<Email> {
  @Persisted() sent = 0;
  @Persisted() last = '';

  invoke(ctx: Context, email: Email): void {
    this.sent += 1;
    this.last = email.text;
    if (this.sent % egressEvery === 0) ctx.send(emails, email.text);
  }
}

@Route(requests)
class RequestRouter implements Router<Request> {
  route(request: Request, downstream: Downstream): void {
    downstream.forward(Greeter.at(request.id), request);
  }
}

/** Counts what is published. */
class CountingSink implements EgressSink<string> {
  count = 0;

  async open(): Promise<number> {
    return 0;
  }

  async publish(records: readonly EgressRecord<string>[]): Promise<number> {
    this.count += records.length;
    return this.count;
  }

  async close(): Promise<void> {}
}

/** Makes requests as they are read: the same ids in turn. */
class GeneratedRequests implements IngressSource<Request> {
  constructor(
    readonly idCount: number,
    readonly count: number,
  ) {}

  async open(position: unknown): Promise<IngressReader<Request>> {
    const { idCount, count } = this;
    let next = (position as number | undefined) ?? 0;
    return {
      async read(max) {
        if (next >= count) return undefined;
        const from = next;
        next = Math.min(count, from + max);
        return Array.from({ length: next - from }, (_, offset) => {
          const id = makeId((from + offset) % idCount);
          return { position: from + offset + 1, value: { id, name: id } };
        });
      },
      async close() {},
    };
  }
}

const checkpointIntervalMs = 250;

async function runGreeter(idCount: number, count: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'stateful-functions-bench-'));
  const sink = new CountingSink();

  @Module()
  class GreeterModule implements StatefulFunctionModule {
    configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
      binder.bindIngress(requests, new GeneratedRequests(idCount, count));
      binder.bindEgress(emails, sink);
      binder.bindFunctions(GreeterFunction, EmailSenderFunction);
      binder.bindRouters(RequestRouter);
    }
  }

  try {
    const start = performance.now();
    const app = await Application.from(GreeterModule).start({ checkpoints: { directory, interval: checkpointIntervalMs }, handleSignals: false });
    await app.finished;
    const seconds = (performance.now() - start) / 1_000;
    const { invocations } = app.status;
    const perId = Math.floor(count / idCount / egressEvery);
    if (invocations !== count * 2 || sink.count < perId * idCount) throw new Error(`${invocations} invocations, ${sink.count} emails of ${count} requests`);
    return invocations / seconds;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const ids = 10_000;
const count = 1_500_000;

export const greeter: Benchmark = {
  name: 'greeter',
  metric: 'invocations',
  unit: '1/s',
  baseline: 'bare-loop',
  cases: [
    { name: 'bare-loop', run: async () => runBareLoop(ids, count) },
    { name: 'greeter-10k-ids', run: () => runGreeter(ids, count) },
  ],
};
