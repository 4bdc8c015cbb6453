import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Application,
  type ApplicationStatus,
  type Binder,
  type Context,
  type Downstream,
  Egress,
  type EgressRecord,
  type EgressSink,
  FunctionType,
  Ingress,
  type IngressReader,
  type IngressRecord,
  type IngressSource,
  Inject,
  Module,
  Persisted,
  Route,
  type Router,
  StatefulFunction,
  type StatefulFunctionModule,
  Token,
} from '@stateful-functions/core';
import { type Email, makeId, type Request, runBareLoop } from './bare-loop.js';
import type { Benchmark } from './benchmark.js';

const Greeter = FunctionType.of<Request>('bench/greeter');
const EmailSender = FunctionType.of<Email>('bench/email-sender');
const requests = Ingress.of<Request>('bench/requests');
const emails = Egress.of<string>('bench/emails');

/** One email in so many goes out by the egress: 1 counts every email there, 100 shows the invocations without the way out. */
const EgressEvery = new Token<number>('bench/egress-every');

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

  constructor(@Inject(EgressEvery) private readonly egressEvery: number) {}

  invoke(ctx: Context, email: Email): void {
    this.sent += 1;
    this.last = email.text;
    if (this.sent % this.egressEvery === 0) ctx.send(emails, email.text);
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
        const records: IngressRecord<Request>[] = [];
        for (let index = from; index < next; index += 1) {
          const id = makeId(index % idCount);
          records.push({ position: index + 1, value: { id, name: id } });
        }
        return records;
      },
      async close() {},
    };
  }
}

const checkpointIntervalMs = 250;

async function runGreeter(idCount: number, count: number, egressEvery: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'stateful-functions-bench-'));
  const sink = new CountingSink();

  @Module()
  class GreeterModule implements StatefulFunctionModule {
    configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
      binder.bindIngress(requests, new GeneratedRequests(idCount, count));
      binder.bindEgress(emails, sink);
      binder.bindService(EgressEvery, egressEvery);
      binder.bindFunctions(GreeterFunction, EmailSenderFunction);
      binder.bindRouters(RequestRouter);
    }
  }

  try {
    const start = performance.now();
    const app = await Application.from(GreeterModule).start({
      checkpoints: { directory, interval: checkpointIntervalMs },
      handleSignals: false,
    });
    await app.finished;
    const seconds = (performance.now() - start) / 1_000;
    check(app.status, { requests: count, emails: idCount * Math.floor(count / idCount / egressEvery) }, sink.count);
    return app.status.invocations / seconds;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A figure counts only if everything happened that it stands for. */
function check(
  { invocations, checkpoint }: ApplicationStatus,
  expected: { requests: number; emails: number },
  published: number,
): void {
  if (invocations !== expected.requests * 2)
    throw new Error(`${invocations} invocations of ${expected.requests} requests`);
  if (published !== expected.emails) throw new Error(`${published} emails were published, not ${expected.emails}`);
  if (checkpoint.committed === 0) throw new Error('no checkpoint was committed');
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
    { name: 'greeter-10k-ids', run: () => runGreeter(ids, count, 1) },
    { name: 'greeter-10k-ids-1-in-100-out', run: () => runGreeter(ids, count, 100) },
  ],
};
