import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  Application,
  ask,
  type BlobStore,
  defineFunction,
  FileBlobStore,
  FunctionType,
  MemoryMembership,
  MemoryNetwork,
  MemoryTransport,
  nodePlatform,
  query,
  type RunningApplication,
  type StatefulFunctionModule,
  send,
  silentLogger,
} from '@stateful-functions/core';
import type { Benchmark, Figures } from './benchmark.js';
import type { Latencies } from './latency-histogram.js';
import { SteadyLoad } from './steady-load.js';

const Account = FunctionType.contract('bench/account', {
  add: ask<{ readonly amount: number; readonly onTo: string }, number>(),
  receive: send<number>(),
  sum: query<void, number>(),
});

const AccountFn = defineFunction(Account, {
  state: () => ({ total: 0, note: '' }),
  handlers: {
    add(ctx, { amount, onTo }) {
      this.total += amount;
      this.note = 'the last message was an ask, which another account was told of';
      ctx.to(Account.at(onTo)).receive(amount);
      return this.total;
    },
    receive(_ctx, amount) {
      this.total += amount;
    },
    sum() {
      return this.total;
    },
  },
});

const module: StatefulFunctionModule = { configure: (_config, binder) => binder.bindFunctions(AccountFn) };

const idCount = 10_000;
const requestsPerSecond = 1_000;
/** One request in so many is a send, which is answered when it is durable; its latency does not count. */
const sendEvery = 10;
const warmUpMs = 1_000;
/** How long to look on after workers have come or gone. */
const restMs = 500;
const steadyMs = 5_000;
const patienceMs = 20_000;

/** Nodes in this process, with a transport in memory and files that are synced. */
class Nodes {
  readonly #network = new MemoryNetwork();
  readonly #membership = new MemoryMembership();
  readonly #store: BlobStore;

  constructor(store: BlobStore) {
    this.#store = store;
  }

  start(): Promise<RunningApplication> {
    const { scheduler } = nodePlatform();
    return Application.from(module).start({
      cluster: { transport: new MemoryTransport(scheduler, this.#network), membership: this.#membership },
      checkpoints: { store: this.#store, interval: 500 },
      logger: silentLogger,
      handleSignals: false,
    });
  }
}

/** Requests to accounts, always the same ones, and what must come of them. */
class Requests {
  readonly #app: RunningApplication;
  readonly #sums: number[] = new Array(idCount).fill(0);
  readonly #sends: Promise<void>[] = [];

  constructor(app: RunningApplication) {
    this.#app = app;
  }

  /** Every account gets something, so that storage knows them all. */
  async prime(): Promise<void> {
    for (let at = 0; at < idCount; at += 1) this.#send(at, 1);
    await Promise.all(this.#sends.splice(0));
  }

  /** An ask of one account, which tells another of it; and now and then a send. */
  make(number: number): Promise<number> {
    const at = (number * 7_919) % idCount;
    const to = (number * 104_729 + 1) % idCount;
    const amount = 1 + (number % 5);
    if (number % sendEvery === 0) this.#send(to, amount);
    this.#add(at, amount);
    this.#add(to, amount);
    const account = this.#app.client.ask(accountAt(at), { consistency: 'processed' });
    return account.add({ amount, onTo: idOf(to) });
  }

  /** Every sum is what was asked for: no request was lost, and none took effect twice. @throws if one is not */
  async check(): Promise<void> {
    await Promise.all(this.#sends);
    const untilMs = performance.now() + patienceMs;
    for (;;) {
      const found = await Promise.all(this.#sums.map((_, at) => this.#app.client.query(accountAt(at)).sum()));
      const wrong = this.#sums.findIndex((sum, at) => found[at] !== sum);
      if (wrong < 0) return;
      // The last messages between accounts may be on their way still.
      if (performance.now() > untilMs)
        throw new Error(`${idOf(wrong)} has ${found[wrong]} and not ${this.#sums[wrong]}`);
    }
  }

  #send(at: number, amount: number): void {
    this.#add(at, amount);
    this.#sends.push(this.#app.client.to(accountAt(at)).receive(amount));
  }

  #add(at: number, amount: number): void {
    this.#sums[at] = (this.#sums[at] as number) + amount;
  }
}

const idOf = (at: number) => `account-${at}`;
const accountAt = (at: number) => Account.at(idOf(at));

/** Latencies at two nodes under a steady load while something happens, which resolves when it has. */
async function runSteadily(happens: (nodes: Nodes) => Promise<void>): Promise<Figures> {
  const directory = await mkdtemp(join(tmpdir(), 'stateful-functions-bench-'));
  const { files, random } = nodePlatform();
  const store = new FileBlobStore(files, random, directory);
  await store.open();
  const nodes = new Nodes(await store.shared());
  const apps = [await nodes.start(), await nodes.start()] as const;
  try {
    const requests = new Requests(apps[0]);
    await requests.prime();
    const load = new SteadyLoad(requestsPerSecond, (number) => requests.make(number));
    await wait(warmUpMs);
    const fromMs = performance.now();
    await happens(nodes);
    const toMs = performance.now();
    await load.stop();
    await requests.check();
    return inMicroseconds(load.between(fromMs, toMs));
  } finally {
    for (const app of apps) await app.stop();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** A third node takes over a part of the work, and gives it back. */
async function rescale(nodes: Nodes): Promise<void> {
  const third = await nodes.start();
  await wait(restMs);
  if (third.status.addresses === 0) throw new Error('the third node was given nothing to do');
  await third.stop();
  await wait(restMs);
}

function inMicroseconds({ p50, p99, max }: Latencies): Figures {
  return { p50: p50 * 1_000, p99: p99 * 1_000, max: max * 1_000 };
}

/** What callers notice when workers come and go: 2, then 3, then 2 again. */
export const rescaling: Benchmark = {
  name: 'rescale',
  metric: 'latency',
  unit: 'µs',
  baseline: 'steady',
  cases: [
    { name: 'steady', run: () => runSteadily(() => wait(steadyMs)) },
    { name: '2-3-2-workers', run: () => runSteadily(rescale) },
  ],
};
