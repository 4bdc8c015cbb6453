import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import type { StartOptions } from '../../src/application/options.js';
import type { RunningApplication } from '../../src/application/running-application.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { nodePlatform } from '../../src/node/node-platform.js';
import { type Logger, silentLogger } from '../../src/ports/logger.js';
import { type Metrics, noMetrics } from '../../src/ports/metrics.js';
import { StatefulFunctionsError } from '../../src/sdk/errors.js';
import { rejection } from '../checkpoint/coded.js';
import { type Delivery, Echo, Inbox, type Order, Relay } from './threads/mesh.js';
import { MeshModule } from './threads/mesh.module.js';

const mesh = new URL('./threads/mesh.module.js', import.meta.url);

describe('An application with several worker threads', function () {
  this.timeout(60_000);
  let folder: string;
  let apps: RunningApplication[];

  beforeEach(async () => {
    apps = [];
    folder = await mkdtemp(join(tmpdir(), 'threads-'));
    await writeFile(join(folder, 'orders.jsonl'), '');
  });

  afterEach(async () => {
    for (const app of apps) await app.stop().catch(() => undefined);
    await rm(folder, { recursive: true });
  });

  async function start(options: StartOptions & { readonly follow?: boolean } = {}): Promise<RunningApplication> {
    const { follow = true, ...rest } = options;
    const app = await Application.from(mesh).start({
      workers: 3,
      config: { folder, follow: String(follow) },
      checkpoints: { directory: join(folder, 'state'), interval: 20 },
      logger: silentLogger,
      handleSignals: false,
      ...rest,
    });
    apps.push(app);
    return app;
  }

  /** Orders from some to some, each pair so many times, turn by turn. */
  function ordersOf(pairs: number, times: number): Order[] {
    const all: Order[] = [];
    for (let time = 0; time < times; time += 1) {
      for (let pair = 0; pair < pairs; pair += 1) all.push({ from: `relay-${pair}`, to: `inbox-${pair % 7}` });
    }
    return all;
  }

  const give = (orders: readonly Order[]) =>
    appendFile(join(folder, 'orders.jsonl'), orders.map((order) => `${JSON.stringify(order)}\n`).join(''));

  async function delivered(): Promise<Delivery[]> {
    const text = await readFile(join(folder, 'deliveries.jsonl'), 'utf8');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** Of each pair, what was delivered is its 1st, 2nd, … in this order, and no more. */
  async function expectDelivered(orders: readonly Order[]): Promise<void> {
    const nameOf = ({ from, to }: Order) => `${from} ${to}`;
    const expected = new Map<string, number[]>();
    for (const order of orders) {
      const numbers = expected.get(nameOf(order)) ?? [];
      numbers.push(numbers.length + 1);
      expected.set(nameOf(order), numbers);
    }
    const found = new Map<string, number[]>();
    for (const each of await delivered()) found.set(nameOf(each), [...(found.get(nameOf(each)) ?? []), each.n]);
    expect(Object.fromEntries(found)).to.deep.equal(Object.fromEntries(expected));
  }

  async function waitUntil(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** What all relays and inboxes have come to. */
  async function reports(app: RunningApplication, pairs: number) {
    const sum = { sent: 0, answers: 0, ticks: 0, total: 0, disorders: 0 };
    for (let pair = 0; pair < pairs; pair += 1) {
      const { sent, answers, ticks } = await app.client.query(Relay.at(`relay-${pair}`)).report();
      sum.sent += sent;
      sum.answers += answers;
      sum.ticks += ticks;
    }
    for (let inbox = 0; inbox < 7; inbox += 1) {
      const { total, disorders } = await app.client.query(Inbox.at(`inbox-${inbox}`)).report();
      sum.total += total;
      sum.disorders += disorders;
    }
    return sum;
  }

  it('reads the partitions of an ingress on several threads, each from where it was after a restart', async () => {
    const given = {
      north: ordersOf(6, 30),
      south: ordersOf(6, 30).map((order) => ({ ...order, from: `s-${order.from}` })),
    };
    const half = given.north.length / 2;
    const write = (name: 'north' | 'south', some: readonly Order[]) =>
      appendFile(join(folder, `${name}.jsonl`), some.map((order) => `${JSON.stringify(order)}\n`).join(''));
    for (const name of ['north', 'south'] as const) await write(name, given[name].slice(0, half));
    const config = { folder, partitions: 'north south' };
    const app = await start({ config: { ...config, follow: 'false' } });
    await app.finished;
    await expectDelivered([...given.north.slice(0, half), ...given.south.slice(0, half)]);
    for (const name of ['north', 'south'] as const) await write(name, given[name].slice(half));
    const again = await start({ config: { ...config, follow: 'false' }, workers: 2 });
    await again.finished;
    // Since the first start, and no line twice.
    expect(again.status.events).to.equal(given.north.length + given.south.length);
    await expectDelivered([...given.north, ...given.south]);
  });

  it('handles each message once and in order, fires timers, answers asks, and finishes when its ingress has ended', async () => {
    const given = ordersOf(20, 70);
    await give(given);
    const app = await start({ follow: false });
    await app.finished;
    await expectDelivered(given);
    const { events, egressPublished, deadLetters, invocations, backlog } = app.status;
    expect({ events, egressPublished, deadLetters, backlog }).to.deep.equal({
      events: given.length,
      egressPublished: given.length,
      deadLetters: 0,
      backlog: 0,
    });
    // Each order is relayed and taken; one in five asks, which makes two more. Timers need not have fired by now.
    expect(invocations).to.be.within(given.length * 2.4, given.length * 2.4 + given.length / 7);
    const again = await start();
    // What is pending is brought to its end after the restart.
    await waitUntil(async () => (await reports(again, 20)).ticks === given.length / 7);
    expect(await reports(again, 20)).to.deep.equal({
      sent: given.length,
      answers: given.length / 5,
      ticks: given.length / 7,
      total: given.length,
      disorders: 0,
    });
  });

  it('goes on after a stop with any other number of workers', async () => {
    const all: Order[] = [];
    for (const workers of [3, 2, 1, 4]) {
      const app = await start({ workers });
      const given = ordersOf(20, 35);
      await give(given);
      all.push(...given);
      // In the middle of it.
      await waitUntil(() => app.status.events > all.length - given.length);
      await app.stop();
    }
    const app = await start({ workers: 2, follow: false });
    await app.finished;
    await expectDelivered(all);
    const last = await start();
    await waitUntil(async () => (await reports(last, 20)).ticks === all.length / 7);
    expect(await reports(last, 20)).to.deep.equal({
      sent: all.length,
      answers: all.length / 5,
      ticks: all.length / 7,
      total: all.length,
      disorders: 0,
    });
  });

  it('goes on after a failure with any other number of workers', async () => {
    const all: Order[] = [];
    for (const workers of [3, 2, 4]) {
      const app = await start({ workers });
      const given = ordersOf(20, 35);
      await give(given);
      all.push(...given);
      await waitUntil(() => app.status.checkpoint.committed > 0 && app.status.events > all.length - given.length);
      await writeFile(join(folder, 'fail'), '');
      await rejection('SF_THREAD_ENDED', app.finished);
      await rm(join(folder, 'fail'));
    }
    const app = await start({ workers: 1, follow: false });
    await app.finished;
    await expectDelivered(all);
  });

  it('lets clients send, ask and query, whatever it is they say', async () => {
    const app = await start();
    const values = [undefined, null, true, 1, -0, Number.NaN, 12n, 'ä', new Date(5), new Map([[1, new Set(['a'])]])];
    for (const [at, value] of [...values, { a: [1, { b: Uint8Array.of(1, 2) }] }].entries()) {
      expect(await app.client.ask(Echo.at(`echo-${at}`)).say(value)).to.deep.equal(value);
    }
    await Promise.all(
      ordersOf(20, 5).map((order) =>
        app.client.to(Relay.at(order.from), { idempotencyKey: `${order.from} to ${order.to}` }).relay(order),
      ),
    );
    await waitUntil(async () => (await delivered()).length === 20);
    expect((await reports(app, 20)).total).to.equal(20);
    expect(await app.client.ask(Inbox.at('inbox-1'), { consistency: 'processed' }).count()).to.equal(3);
  });

  it('answers a query at once if all that it shows is committed', async () => {
    const app = await start({ checkpoints: { directory: join(folder, 'state'), interval: '1h' } });
    await app.client.to(Relay.at('relay-1')).relay({ from: 'relay-1', to: 'inbox-1' });
    await app.checkpoint();
    const { checkpoint } = app.status.checkpoint;
    expect((await reports(app, 20)).total).to.equal(1);
    expect(app.status.checkpoint.checkpoint).to.equal(checkpoint);
  });

  it('takes checkpoints and savepoints when asked to, and starts from one', async () => {
    const app = await start({ checkpoints: { directory: join(folder, 'state'), interval: '1h' } });
    const given = ordersOf(20, 7);
    await give(given);
    await waitUntil(() => app.status.invocations >= given.length * 2 && app.status.backlog === 0);
    await app.checkpoint();
    expect(app.status.checkpoint.committed).to.be.at.least(1);
    await app.savepoint('then');
    await app.client.to(Relay.at('relay-1')).relay({ from: 'relay-1', to: 'inbox-1' });
    await app.stop();
    const again = await start({ fromSavepoint: 'then', workers: 2 });
    expect((await reports(again, 20)).total).to.equal(given.length);
  });

  it('runs one worker for each core, if it is told to', async () => {
    const app = await start({ workers: 'auto' });
    expect(await app.client.ask(Echo.at('echo')).say('hello')).to.equal('hello');
    expect(availableParallelism()).to.be.at.least(1);
  });

  describe('fails', () => {
    it('with what keeps a module from loading in a thread', async () => {
      const elsewhere = new URL('./threads/elsewhere.module.js', import.meta.url);
      const start = () =>
        Application.from(elsewhere).start({
          workers: 2,
          checkpoints: { directory: join(folder, 'state') },
          logger: silentLogger,
          handleSignals: false,
        });
      const error = await rejection('SF_INVALID_MODULE', start());
      expect(error.message).to.match(/^SF_INVALID_MODULE: .*elsewhere.*this is no place for it/);
      expect((error.cause as Error).message).to.equal('this is no place for it');
      // Everything is released, so another attempt comes as far.
      await rejection('SF_INVALID_MODULE', start());
    });

    it('when a handler ends its thread', async () => {
      const app = await start();
      void app.client.to(Relay.at('relay-1')).misbehave('exit');
      const error = await rejection('SF_THREAD_ENDED', app.finished);
      expect(error.message).to.include('ended by itself');
    });

    it('with an error that nobody caught in a thread', async () => {
      const app = await start();
      const sent = app.client.to(Relay.at('relay-2')).misbehave('throw-later');
      sent.catch(() => undefined);
      const error = await rejection('SF_THREAD_ENDED', app.finished);
      expect((error.cause as Error).message).to.equal('nobody catches this');
      await rejection('SF_STOPPED', app.client.to(Relay.at('relay-2')).misbehave('log'));
    });

    it('though a handler never returns, whose thread is ended', async () => {
      let spins = () => {};
      const isSpinning = new Promise<void>((resolve) => {
        spins = resolve;
      });
      const app = await start({
        stopTimeout: 10,
        logger: { ...silentLogger, child: () => silentLogger, warn: () => spins() },
      });
      void app.client.to(Relay.at('relay-1')).misbehave('spin');
      await isSpinning;
      await writeFile(join(folder, 'fail'), '');
      await rejection('SF_THREAD_ENDED', app.finished);
    });

    it('with the error of a sink that some thread writes to', async () => {
      const app = await start();
      void app.client.to(Relay.at('relay-3')).misbehave('sink');
      const error = await rejection('SF_SINK', app.finished);
      expect(error).to.be.instanceOf(StatefulFunctionsError);
      expect(error.message).to.include('the outside is gone for good');
    });
  });

  it('hands what its threads log and measure to the logger and the metrics it was given', async () => {
    const lines: [string, Record<string, unknown>][] = [];
    const counts: unknown[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (fields, message) => void lines.push([message, fields as Record<string, unknown>]),
    };
    const metrics: Metrics = { ...noMetrics, count: (...count) => void counts.push(count) };
    const app = await start({ logger, metrics });
    await app.client.to(Relay.at('relay-1')).misbehave('log');
    await app.client.to(Relay.at('relay-1')).misbehave('log');
    await app.stop();
    expect(lines).to.have.length(2);
    const [[message, { err, how, address, attempt }]] = lines as [[string, Record<string, unknown>]];
    expect(message).to.equal('up to mischief');
    expect(err).to.be.instanceOf(RangeError);
    expect((err as Error).message).to.equal('of no matter');
    expect(how).to.match(/^\[Function/);
    expect([address, attempt]).to.deep.equal(['mesh/relay/relay-1', 1]);
    const mischief = (counts as [string, number, object][]).filter(([name]) => name === 'mischief');
    expect(mischief.reduce((sum, [, delta]) => sum + delta, 0)).to.equal(2);
    expect(mischief[0]?.[2]).to.deep.equal({ how: 'log' });
    const handled = (counts as [string, number, { function?: string }][]).filter(
      ([name, , labels]) => name === 'sf_invocations_total' && labels.function === 'mesh/relay',
    );
    expect(handled.reduce((sum, [, delta]) => sum + delta, 0)).to.equal(2);
  });

  it('refuses what other threads cannot have, and says what to do instead', async () => {
    const from = (source: Parameters<typeof Application.from>[0], options: StartOptions) =>
      rejection('SF_INVALID_OPTION', Application.from(source).start({ handleSignals: false, ...options }));
    expect((await from(MeshModule, { workers: 2 })).message).to.include('new URL(');
    expect((await from(new MeshModule(), { workers: 'auto' })).message).to.include('new URL(');
    expect((await from(mesh, { workers: 2, checkpoints: { store: new MemoryBlobStore() } })).message).to.include(
      'checkpoints.directory',
    );
    expect((await from(mesh, { workers: 2, platform: nodePlatform() })).message).to.include('platform');
    expect((await from(mesh, { workers: 0 })).message).to.include('workers is 0');
  });
});
