import {
  type ApplicationStatus,
  type Binder,
  type Context,
  type Downstream,
  Egress,
  type EgressRecord,
  type EgressSink,
  FunctionType,
  Ingress,
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
import { type Benchmark, type Figures, theFigure } from './benchmark.js';
import { GeneratedSource } from './generated-source.js';
import { runToEnd } from './run-to-end.js';

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

/** How the greeter is run. */
export interface GreeterRun {
  readonly ids: number;
  /** A multiple of `ids`. */
  readonly requests: number;
  readonly egressEvery: number;
  /** Between the beginnings of two checkpoints; 0 for each as soon as the one before is complete. */
  readonly intervalMs: number;
}

/** Invocations per second, and milliseconds from one checkpoint to the next, as they came about. */
export async function runGreeter({ ids, requests: count, egressEvery, intervalMs }: GreeterRun): Promise<Figures> {
  const sink = new CountingSink();

  @Module()
  class GreeterModule implements StatefulFunctionModule {
    configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
      const source = GeneratedSource.of(count, (number): Request => {
        const id = makeId(number % ids);
        return { id, name: id };
      });
      binder.bindIngress(requests, source);
      binder.bindEgress(emails, sink);
      binder.bindService(EgressEvery, egressEvery);
      binder.bindFunctions(GreeterFunction, EmailSenderFunction);
      binder.bindRouters(RequestRouter);
    }
  }

  // All addresses stay in memory: a greeter and an email sender for each id.
  const { status, seconds } = await runToEnd(new GreeterModule(), { intervalMs, maxActiveAddresses: 2 * ids });
  check(status, { requests: count, emails: ids * Math.floor(count / ids / egressEvery) }, sink.count);
  return {
    [theFigure]: status.invocations / seconds,
    'checkpoint interval': (seconds * 1_000) / status.checkpoint.committed,
  };
}

/** A figure counts only if everything happened that it stands for. */
function check(
  { invocations }: ApplicationStatus,
  expected: { requests: number; emails: number },
  published: number,
): void {
  if (invocations !== expected.requests * 2)
    throw new Error(`${invocations} invocations of ${expected.requests} requests`);
  if (published !== expected.emails) throw new Error(`${published} emails were published, not ${expected.emails}`);
}

function greeterOf(
  { name, repetitions }: { name: string; repetitions: number },
  { ids, requests }: { ids: number; requests: number },
  cases: Benchmark['cases'],
): Benchmark {
  return {
    name,
    metric: 'invocations',
    unit: '1/s',
    units: { 'checkpoint interval': 'ms' },
    baseline: 'bare-loop',
    repetitions,
    cases: [{ name: 'bare-loop', run: async () => runBareLoop(ids, requests) }, ...cases],
  };
}

const some = { ids: 10_000, requests: 1_500_000, intervalMs: 250 };
/** As many checkpoints as there can be, each of nearly all addresses. */
const many = { ids: 1_000_000, requests: 2_000_000, intervalMs: 0 };

/** A request is a message to a greeter, which sends one on to an email sender: both with a number and a text of state. */
export const greeter: readonly Benchmark[] = [
  greeterOf({ name: 'greeter', repetitions: 5 }, some, [
    {
      name: 'greeter-10k-ids',
      bar: { of: 'ratio', figure: theFigure, atLeast: 0.35 },
      run: () => runGreeter({ ...some, egressEvery: 1 }),
    },
    { name: 'greeter-10k-ids-1-in-100-out', run: () => runGreeter({ ...some, egressEvery: 100 }) },
  ]),
  greeterOf({ name: 'greeter-million', repetitions: 3 }, many, [
    {
      name: 'greeter-1m-ids',
      bar: { of: 'ratio', figure: theFigure, atLeast: 0.15 },
      run: () => runGreeter({ ...many, egressEvery: 1 }),
    },
  ]),
];
