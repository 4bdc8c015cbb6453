import { expect } from 'chai';
import { MemorySink } from '../../src/io/memory-sink.js';
import { MemorySource } from '../../src/io/memory-source.js';
import { coreMetrics, type Labels, type Metrics } from '../../src/ports/metrics.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { Egress } from '../../src/sdk/egress.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import type { Binder, StatefulFunctionModule } from '../../src/sdk/module.js';
import { TestApplication, type TestApplicationOptions } from '../../src/testing/test-application.js';
import { gate } from '../dispatch/functions-module.js';

/** Keeps what is recorded: sums of counts, last gauges, all observations. */
class RecordedMetrics implements Metrics {
  readonly names = new Set<string>();
  readonly #values = new Map<string, number[]>();

  count(name: string, delta = 1, labels?: Labels): void {
    const [sum = 0] = this.of(name, labels);
    this.#set(name, labels, [sum + delta]);
  }

  gauge(name: string, value: number, labels?: Labels): void {
    this.#set(name, labels, [value]);
  }

  observe(name: string, value: number, labels?: Labels): void {
    this.#set(name, labels, [...this.of(name, labels), value]);
  }

  of(name: string, labels: Labels = {}): number[] {
    return this.#values.get(`${name} ${JSON.stringify(labels)}`) ?? [];
  }

  #set(name: string, labels: Labels = {}, values: number[]): void {
    this.names.add(name);
    this.#values.set(`${name} ${JSON.stringify(labels)}`, values);
  }
}

type Order = { readonly to: string; readonly how?: 'fail' | 'wait' | 'later' };
const Worked = FunctionType.of<Order>('test/worked');
const orders = Ingress.of<Order>('test/orders');
const done = Egress.of<string>('test/done');

describe('The metrics of a worker', () => {
  let metrics: RecordedMetrics;
  let waiting: ReturnType<typeof gate<void>>;

  beforeEach(() => {
    metrics = new RecordedMetrics();
    waiting = gate<void>();
  });

  const module: StatefulFunctionModule = {
    configure(_config: ReadonlyMap<string, string>, binder: Binder) {
      binder.bindIngress(orders, new MemorySource<Order>());
      binder.bindEgress(done, new MemorySink<string>());
      binder.bindRouter(orders, (order, downstream) => downstream.forward(Worked.at(order.to), order));
      binder.bindFunctions(
        defineFunction(
          Worked,
          {
            state: () => ({ count: 0 }),
            invoke(ctx, { to, how }: Order) {
              this.count += 1;
              if (how === 'fail') throw new Error('to see what comes of it');
              if (how === 'later') ctx.sendAfter('1h', Worked.at(to), { to });
              ctx.send(done, to);
              return how === 'wait' ? waiting.promise : undefined;
            },
          },
          { retry: { maxAttempts: 2, backoff: { initial: 10 } } },
        ),
      );
    },
  };
  const start = (options: Partial<TestApplicationOptions> = {}) =>
    TestApplication.start({ modules: [module], metrics, ...options });
  const byFunction = { function: 'test/worked' };

  it('tell what became of messages, by function', async () => {
    await using app = await start();
    app.push(orders, ...Array.from({ length: 130 }, (_, number) => ({ to: `${number}` })), { to: 'x', how: 'fail' });
    await app.advance('2s');
    expect(metrics.of('sf_invocations_total', byFunction)).to.deep.equal([132]);
    expect(metrics.of('sf_invocation_failures_total', byFunction)).to.deep.equal([2]);
    expect(metrics.of('sf_invocation_retries_total', byFunction)).to.deep.equal([1]);
    expect(metrics.of('sf_dead_letters_total')).to.deep.equal([1]);
    expect(metrics.of('sf_active_addresses', { ...byFunction, worker: '0' })).to.deep.equal([131]);
    // The first, and one of 64 from there on.
    expect(metrics.of('sf_invocation_duration_seconds', byFunction)).to.have.length(3);
    expect(metrics.of('sf_ingress_records_total', { ingress: 'test/orders' })).to.deep.equal([131]);
    expect(metrics.of('sf_egress_records_total', { egress: 'test/done' })).to.deep.equal([130]);
  });

  it('tell how long asynchronous handlers took, each', async () => {
    await using app = await start();
    app.push(orders, { to: 'a', how: 'wait' }, { to: 'b', how: 'wait' }, { to: 'c', how: 'wait' });
    await app.advance(300);
    waiting.open();
    await app.advance('2s');
    // Time is virtual, so it passes only between turns.
    expect(metrics.of('sf_invocation_duration_seconds', byFunction)).to.deep.equal([0.3, 0.3, 0.3]);
  });

  it('tell what waits', async () => {
    await using app = await start({ maxBacklog: 4 });
    app.push(
      orders,
      { to: 'a', how: 'later' },
      ...Array.from({ length: 100 }, () => ({ to: 'a', how: 'wait' }) as const),
    );
    await app.advance('3s');
    const [backlog = 0] = metrics.of('sf_backlog_messages', { worker: '0' });
    expect(backlog).to.be.within(5, 100);
    expect(metrics.of('sf_mailbox_messages', { ...byFunction, worker: '0' })).to.deep.equal([backlog]);
    expect(metrics.of('sf_ingress_lag_records', { ingress: 'test/orders', worker: '0' })).to.deep.equal([
      100 - backlog,
    ]);
    expect(metrics.of('sf_timers', { worker: '0' })).to.deep.equal([1]);
    expect(metrics.of('sf_ingress_throttled_seconds_total')[0]).to.be.closeTo(3, 0.1);
    waiting.open();
    await app.advance('2s');
    expect(metrics.of('sf_backlog_messages', { worker: '0' })).to.deep.equal([0]);
    expect(metrics.of('sf_mailbox_messages', { ...byFunction, worker: '0' })).to.deep.equal([0]);
    expect(metrics.of('sf_ingress_lag_records', { ingress: 'test/orders', worker: '0' })).to.deep.equal([0]);
    expect(metrics.of('sf_egress_pending_records', { egress: 'test/done', worker: '0' })).to.deep.equal([0]);
    expect(metrics.of('sf_ingress_throttled_seconds_total')[0]).to.be.closeTo(3, 0.1);
  });

  it('tell what checkpoints cost, and how many addresses left memory', async () => {
    await using app = await start({ maxActiveAddresses: 1 });
    app.push(orders, { to: 'a' }, { to: 'b' }, { to: 'c' });
    await app.checkpoint();
    app.push(orders, { to: 'd' });
    await app.checkpoint();
    app.push(orders, { to: 'e' });
    await app.checkpoint();
    await app.advance('2s');
    expect(metrics.of('sf_checkpoint_duration_seconds').length).to.be.greaterThan(2);
    expect(metrics.of('sf_checkpoint_bytes')[0]).to.be.greaterThan(0);
    expect(metrics.of('sf_stored_entries')[0]).to.be.at.least(5);
    expect(metrics.of('sf_stored_bytes')[0]).to.be.greaterThan(0);
    expect(metrics.of('sf_passivations_total', byFunction)[0]).to.be.greaterThan(0);
  });

  it('are complete when the application stops, and count on in its next start', async () => {
    const app = await start();
    app.push(orders, { to: 'a' }, { to: 'a' });
    await app.checkpoint();
    await app.crash();
    await app.restart();
    app.push(orders, { to: 'a' });
    await app.checkpoint();
    await app.stop();
    expect(metrics.of('sf_invocations_total', byFunction)).to.deep.equal([3]);
    expect(metrics.of('sf_ingress_records_total', { ingress: 'test/orders' })).to.deep.equal([3]);
    expect(metrics.of('sf_active_addresses', { ...byFunction, worker: '0' })).to.deep.equal([0]);
  });

  it('have names whose meaning is told', async () => {
    await using app = await start({ maxActiveAddresses: 1 });
    app.push(orders, { to: 'a', how: 'fail' }, { to: 'b' });
    await app.advance('2s');
    expect(Object.keys(coreMetrics)).to.include.members([...metrics.names]);
    expect(metrics.names.size).to.be.greaterThan(12);
  });
});
