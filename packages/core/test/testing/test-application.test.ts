import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { JsonLinesSink } from '../../src/io/json-lines-sink.js';
import { JsonLinesSource } from '../../src/io/json-lines-source.js';
import type { BlobBody } from '../../src/ports/blob-store.js';
import type { Context } from '../../src/sdk/context.js';
import { ask, query, send } from '../../src/sdk/contract.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { Egress } from '../../src/sdk/egress.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import type { Binder, StatefulFunctionModule } from '../../src/sdk/module.js';
import { NotStoredError } from '../../src/sdk/not-stored-error.js';
import { Persisted } from '../../src/sdk/persisted.js';
import { PersistedList } from '../../src/sdk/persisted-list.js';
import { PersistedMap } from '../../src/sdk/persisted-map.js';
import { PersistedValue } from '../../src/sdk/persisted-value.js';
import { StatefulFunction } from '../../src/sdk/stateful-function.js';
import { TestApplication } from '../../src/testing/test-application.js';

interface Visit {
  readonly user: string;
  readonly page: string;
}

const Visitor = FunctionType.of<string>('test/visitor');
const Till = FunctionType.contract('test/till', {
  pay: ask<number, number>(),
  never: ask<void, void>(),
  total: query<void, number>(),
  reset: send(),
});
const visits = Ingress.of<Visit>('test/visits');
const seen = Egress.of<string>('test/seen');

@StatefulFunction(Visitor)
class VisitorFn implements StatefulFunction<string> {
  @Persisted() count = 0;
  @Persisted({ name: 'p' }) readonly pages = PersistedMap.of<string, number>();
  @Persisted() readonly trail = PersistedList.of<string>();
  @Persisted() readonly first = PersistedValue.of<string>({ ttl: '1h' });

  invoke(ctx: Context, page: string): void {
    if (page === 'broken') throw new Error('no such page');
    this.count += 1;
    this.pages.update(page, (count = 0) => count + 1);
    this.trail.append(page);
    if (!this.first.isSet) this.first.set(page);
    ctx.send(seen, `${ctx.self.id} ${page} ${this.count}`);
    if (page === 'later') ctx.sendAfter('2h', Visitor.at(ctx.self.id), 'reminded');
  }
}

const TillFn = defineFunction(Till, {
  state: () => ({ sum: 0 }),
  handlers: {
    pay(_ctx, amount) {
      this.sum += amount;
      return this.sum;
    },
    never: (ctx) => ctx.replyHandle<void>(),
    total() {
      return this.sum;
    },
    reset() {
      this.sum = 0;
    },
  },
});

const module: StatefulFunctionModule = {
  configure(_config: ReadonlyMap<string, string>, binder: Binder) {
    binder.bindIngress(visits, new JsonLinesSource({ path: 'never-read.jsonl' }));
    binder.bindEgress(seen, new JsonLinesSink({ path: 'never-written.jsonl' }));
    binder.bindFunctions(VisitorFn, TillFn);
    binder.bindRouter(visits, ({ user, page }, downstream) => downstream.forward(Visitor.at(user), page));
  },
};

class FullStore extends MemoryBlobStore {
  isFull = false;

  override put(name: string, body: BlobBody): Promise<boolean> {
    if (!this.isFull) return super.put(name, body);
    return Promise.reject(new NotStoredError('SF_STORAGE_FULL', 'the store is full.'));
  }
}

describe('TestApplication', () => {
  it('takes records in, shows state, and lets out what is committed', async () => {
    await using app = await TestApplication.start({ modules: [module] });
    app.push(visits, { user: 'ada', page: 'home' }, { user: 'ada', page: 'news' }, { user: 'ada', page: 'home' });
    await app.settle();
    expect(await app.state(Visitor.at('ada'))).to.deep.equal({
      count: 3,
      pages: new Map([
        ['home', 2],
        ['news', 1],
      ]),
      trail: ['home', 'news', 'home'],
      first: 'home',
    });
    expect(app.egress(seen)).to.deep.equal([]);
    await app.checkpoint();
    expect(app.egress(seen)).to.deep.equal(['ada home 1', 'ada news 2', 'ada home 3']);
    expect(await app.state(Visitor.at('nobody'))).to.deep.equal({
      count: 0,
      pages: new Map(),
      trail: [],
      first: undefined,
    });
  });

  it('commits by itself as time passes, and time passes only when told to', async () => {
    await using app = await TestApplication.start({ modules: [module], startMs: 5_000 });
    app.push(visits, { user: 'ada', page: 'later' });
    await app.settle();
    expect([app.now, app.egress(seen)]).to.deep.equal([5_000, []]);
    await app.advance('1s');
    expect([app.now, app.egress(seen)]).to.deep.equal([6_000, ['ada later 1']]);
    await app.advance(2 * 3_600_000);
    expect(app.egress(seen)).to.deep.equal(['ada later 1', 'ada reminded 2']);
    expect(await app.state(Visitor.at('ada'))).to.include({ first: 'reminded' });
    await app.advance('1h');
    expect(await app.state(Visitor.at('ada'))).to.include({ first: undefined });
  });

  it('loses in a crash what was not committed, and does it again: once each', async () => {
    await using app = await TestApplication.start({ modules: [module] });
    app.push(visits, { user: 'ada', page: 'home' });
    await app.checkpoint();
    app.push(visits, { user: 'ada', page: 'news' });
    await app.settle();
    const before = app.now;
    await app.crash();
    expect(await app.settle().catch((error) => error)).to.equal(undefined);
    expect(await app.state(Visitor.at('ada')).catch((error) => error)).to.have.property('code', 'SF_STOPPED');
    app.push(visits, { user: 'bob', page: 'home' });
    await app.restart();
    expect(app.now).to.equal(before);
    await app.settle();
    expect(await app.state(Visitor.at('ada'))).to.deep.equal({
      count: 2,
      pages: new Map([
        ['home', 1],
        ['news', 1],
      ]),
      trail: ['home', 'news'],
      first: 'home',
    });
    await app.checkpoint();
    expect(app.egress(seen)).to.have.members(['ada home 1', 'ada news 2', 'bob home 1']);
  });

  it('reads state back from storage after a crash', async () => {
    await using app = await TestApplication.start({ modules: [module] });
    app.push(visits, { user: 'ada', page: 'later' });
    await app.checkpoint();
    await app.crash();
    await app.restart();
    expect(await app.state(Visitor.at('ada'))).to.deep.equal({
      count: 1,
      pages: new Map([['later', 1]]),
      trail: ['later'],
      first: 'later',
    });
    await app.advance('2h');
    await app.checkpoint();
    expect(app.egress(seen)).to.deep.equal(['ada later 1', 'ada reminded 2']);
  });

  it('answers clients without further ado, several at once, and times out what is never answered', async () => {
    await using app = await TestApplication.start({ modules: [module] });
    const { client, now } = app;
    expect(await Promise.all([client.ask(Till.at('1')).pay(2), client.ask(Till.at('1')).pay(3)])).to.deep.equal([2, 5]);
    await client.send(Visitor.at('eve'), 'home');
    expect(await client.query(Till.at('1')).total()).to.equal(5);
    expect(app.now).to.equal(now);
    await app.crash();
    await app.restart();
    expect(await client.query(Till.at('1')).total()).to.equal(5);
    await client.to(Till.at('1')).reset();
    expect(await app.state(Till.at('1'))).to.deep.equal({ sum: 0 });
    expect(
      await client
        .ask(Till.at('1'))
        .never()
        .catch((error) => error),
    ).to.have.property('code', 'SF_ASK_TIMEOUT');
    expect(app.now).to.equal(now + 30_000);
  });

  it('carries services that wait on its scheduler, and loses in a crash what waited', async () => {
    const Sleeper = FunctionType.of<number>('test/sleeper');
    const woken: string[] = [];
    const SleeperFn = defineFunction(Sleeper, {
      state: () => ({}),
      async invoke(ctx: Context, ms: number) {
        await new Promise<void>((resolve) => void app.scheduler.after(ms, resolve));
        woken.push(ctx.self.id);
      },
    });
    const module = { configure: (_: unknown, binder: Binder) => binder.bindFunctions(SleeperFn) };
    const app = await TestApplication.start({ modules: [module] });
    await app.client.send(Sleeper.at('a'), 3_000);
    await app.client.send(Sleeper.at('b'), 9_000);
    await app.advance('4s');
    expect(woken).to.deep.equal(['a']);
    await app.crash();
    await app.restart();
    await app.advance('8s');
    expect(woken).to.deep.equal(['a']);
    await app.advance('1s');
    expect(woken).to.deep.equal(['a', 'b']);
    await app.stop();
  });

  it('shows dead letters once they are committed', async () => {
    await using app = await TestApplication.start({ modules: [module] });
    app.push(visits, { user: 'ada', page: 'broken' });
    await app.settle();
    expect(app.deadLetters).to.deep.equal([]);
    await app.advance('1m');
    expect(app.deadLetters).to.have.length(1);
    expect(app.deadLetters[0]).to.include({ error: 'no such page', attempts: 5, address: 'test/visitor/ada' });
  });

  it('restarts with other modules and options, from a savepoint too', async () => {
    await using app = await TestApplication.start({ modules: [module] });
    await app.client.ask(Till.at('1')).pay(7);
    await app.savepoint('seven');
    await app.client.ask(Till.at('1')).pay(1);
    await app.restart();
    expect(await app.state(Till.at('1'))).to.deep.equal({ sum: 8 });
    await app.restart({ fromSavepoint: 'seven' });
    expect(await app.state(Till.at('1'))).to.deep.equal({ sum: 7 });
    const error = await app.restart({ modules: [{ configure: () => {} }] }).catch((thrown) => thrown);
    expect(error)
      .to.have.property('code')
      .that.matches(/^SF_REMOVED/);
  });

  it('refuses an ingress and an egress that no module binds', async () => {
    await using app = await TestApplication.start({ modules: [module] });
    expect(() => app.push(Ingress.of<string>('test/unbound'), 'x')).to.throw('SF_UNBOUND_INGRESS');
    expect(() => app.egress(Egress.of<string>('test/unbound'))).to.throw('SF_UNBOUND_EGRESS');
  });

  it('tells once what the application failed with', async () => {
    const store = new FullStore();
    await using app = await TestApplication.start({ modules: [module], checkpoints: { store, maxFailures: 2 } });
    store.isFull = true;
    app.push(visits, { user: 'ada', page: 'home' });
    expect(await app.advance('1m').catch((error) => error)).to.have.property('code', 'SF_CHECKPOINTS_FAIL');
    await app.stop();
    store.isFull = false;
    await app.restart();
    await app.checkpoint();
    expect(app.egress(seen)).to.deep.equal(['ada home 1']);
  });

  it('is the same for the same seed', async () => {
    const run = async (seed: number) => {
      await using app = await TestApplication.start({ modules: [module], seed });
      app.push(visits, { user: 'ada', page: 'broken' });
      await app.advance('1m');
      return app.deadLetters[0]?.invocationId;
    };
    expect(await run(7)).to.equal(await run(7));
    expect(await run(7)).not.to.equal(await run(8));
  });
});
