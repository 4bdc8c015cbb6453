import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { MemorySource } from '../../src/io/memory-source.js';
import type { BlobStore } from '../../src/ports/blob-store.js';
import type { Context } from '../../src/sdk/context.js';
import { ask, send } from '../../src/sdk/contract.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import type { StatefulFunctionModule } from '../../src/sdk/module.js';
import { Persisted } from '../../src/sdk/persisted.js';
import { PersistedList } from '../../src/sdk/persisted-list.js';
import { PersistedMap } from '../../src/sdk/persisted-map.js';
import { PersistedValue } from '../../src/sdk/persisted-value.js';
import { StatefulFunction } from '../../src/sdk/stateful-function.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { moduleOf, rejection } from './functions-module.js';

type Order = 'write' | 'append' | 'read' | 'clear map' | 'clear and set' | 'forget' | 'forget and write';

const Cell = FunctionType.of<Order>('test/cell');

function cellFn(ttlAfter: 'write' | 'read-or-write') {
  @StatefulFunction(Cell)
  class CellFn implements StatefulFunction<Order> {
    @Persisted({ ttl: '1h' }) plain = 'initial';
    @Persisted() eternal = 0;
    @Persisted() readonly value = PersistedValue.of<{ n: number }>({ ttl: '1h', ttlAfter });
    @Persisted() readonly map = PersistedMap.of<string, number>({ ttl: '1h', ttlAfter });
    @Persisted() readonly list = PersistedList.of<number>({ ttl: '1h', ttlAfter });

    invoke(ctx: Context, order: Order): void {
      if (order === 'read') {
        this.value.get();
        this.map.get('a');
        this.list.view();
      } else if (order === 'append') this.list.append(2);
      else if (order === 'clear map') this.map.clear();
      else if (order === 'clear and set') {
        this.map.clear();
        this.map.set('b', 2);
      } else if (order === 'forget') ctx.forget();
      else {
        this.plain = 'written';
        this.eternal += 1;
        this.value.set({ n: 1 });
        this.map.set('a', 1).set('b', 1);
        this.list.append(1);
        if (order === 'forget and write') ctx.forget();
      }
    }
  }
  return CellFn;
}

const full = {
  plain: 'written',
  eternal: 1,
  value: { n: 1 },
  map: new Map([
    ['a', 1],
    ['b', 1],
  ]),
  list: [1],
};
const expired = { plain: 'initial', eternal: 1, value: undefined, map: new Map(), list: [] };
const fresh = { ...expired, eternal: 0 };

for (const crashes of [false, true]) {
  describe(`State with a time to live${crashes ? ', with crashes' : ''}`, () => {
    const cell = Cell.at('1');
    const start = async (ttlAfter: 'write' | 'read-or-write') => {
      const app = await TestApplication.start({ modules: [moduleOf(cellFn(ttlAfter))] });
      const advance = async (minutes: number) => {
        await app.advance(minutes * 60_000);
        if (!crashes) return;
        await app.checkpoint();
        await app.crash();
        await app.restart();
      };
      return { app, advance, [Symbol.asyncDispose]: () => app.stop() };
    };

    it('is back at the initial value after it was not written for so long', async () => {
      await using test = await start('write');
      const { app, advance } = test;
      await app.client.send(cell, 'write');
      await advance(40);
      await app.client.send(cell, 'read');
      expect(await app.state(cell)).to.deep.equal(full);
      await advance(21);
      expect(await app.state(cell)).to.deep.equal(expired);
      await app.client.send(cell, 'read');
      expect(await app.state(cell)).to.deep.equal(expired);
    });

    it('lives on when it is written, also with the same value', async () => {
      await using test = await start('write');
      const { app, advance } = test;
      await app.client.send(cell, 'write');
      await advance(40);
      await app.client.send(cell, 'write');
      await advance(40);
      // A plain field that is given the value it has is not written.
      expect(await app.state(cell)).to.deep.equal({ ...full, plain: 'initial', eternal: 2, list: [1, 1] });
    });

    it('lives on when it is read, if so declared', async () => {
      await using test = await start('read-or-write');
      const { app, advance } = test;
      await app.client.send(cell, 'write');
      await advance(40);
      await app.client.send(cell, 'read');
      await advance(40);
      const read = { ...full, plain: 'initial', map: new Map([['a', 1]]) };
      expect(await app.state(cell)).to.deep.equal(read);
      await advance(61);
      await app.client.send(cell, 'read');
      expect(await app.state(cell)).to.deep.equal(expired);
      await app.client.send(cell, 'append');
      expect(await app.state(cell)).to.deep.equal({ ...expired, list: [2] });
    });
  });
}

describe('State that is dropped', () => {
  for (const [order, left] of [
    ['clear map', { ...full, map: new Map() }],
    ['clear and set', { ...full, map: new Map([['b', 2]]) }],
    ['forget', fresh],
    ['forget and write', fresh],
  ] as const) {
    it(`stays dropped after a restart: ${order}`, async () => {
      await using app = await TestApplication.start({ modules: [moduleOf(cellFn('write'))] });
      const cell = Cell.at('1');
      await app.client.send(cell, 'write');
      await app.client.send(cell, order);
      await app.restart();
      expect(await app.state(cell)).to.deep.equal(left);
      await app.client.send(cell, 'forget');
      await app.client.send(cell, 'write');
      await app.restart();
      await app.client.send(cell, order);
      await app.crash();
      await app.restart();
      expect(await app.state(cell)).to.deep.equal(left);
      await app.client.send(cell, 'forget');
      await app.client.send(cell, 'write');
      await app.crash();
      await app.restart();
      expect(await app.state(cell)).to.deep.equal(full);
    });
  }
});

describe('State of an older class', () => {
  const Profile = FunctionType.of<string>('test/profile');
  const positive = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) =>
        typeof value === 'number' && value >= 0 ? { value } : { issues: [{ message: 'is not positive' }] },
    },
  };

  async function twoStarts(first: StatefulFunctionModule, second: StatefulFunctionModule) {
    const store: BlobStore = new MemoryBlobStore();
    const app = await TestApplication.start({ modules: [first], checkpoints: { store } });
    await app.client.send(Profile.at('p'), 'Ada Lovelace');
    await app.restart({ modules: [second] });
    return app;
  }

  const OldFn = defineFunction(Profile, {
    state: () => ({ name: '', age: -1 }),
    invoke(_ctx, name) {
      this.name = name;
    },
  });

  it('is migrated when it is loaded', async () => {
    const NewFn = defineFunction(Profile, {
      state: () => ({ name: { first: '', last: '' }, age: 0 }),
      persisted: {
        name: {
          version: 2,
          migrate: (stored, version) => {
            const [first = '', last = ''] = String(stored).split(' ');
            return { first, last: `${last} v${version}` };
          },
        },
      },
      invoke(_ctx, first) {
        this.name = { ...this.name, first };
      },
    });
    await using app = await twoStarts(moduleOf(OldFn), moduleOf(NewFn));
    expect(await app.state(Profile.at('p'))).to.deep.equal({ name: { first: 'Ada', last: 'Lovelace v1' }, age: -1 });
    await app.client.send(Profile.at('p'), 'Eve');
    await app.restart();
    expect(await app.state(Profile.at('p'))).to.deep.equal({ name: { first: 'Eve', last: 'Lovelace v1' }, age: -1 });
  });

  it('is checked against the schema of today when it is loaded, and before it is stored', async () => {
    const NewFn = defineFunction(
      Profile,
      {
        state: () => ({ name: '', age: 0 }),
        persisted: { age: { schema: positive } },
        invoke(_ctx, name) {
          this.age = name.length > 3 ? -1 : 1;
        },
      },
      { retry: { maxAttempts: 1 } },
    );
    await using app = await TestApplication.start({ modules: [moduleOf(NewFn)] });
    await app.client.send(Profile.at('p'), 'long name');
    await app.checkpoint();
    expect(app.deadLetters.map(({ code }) => code)).to.deep.equal(['SF_SCHEMA']);
    await app.client.send(Profile.at('p'), 'ok');
    expect(await app.state(Profile.at('p'))).to.deep.equal({ name: '', age: 1 });
    await using old = await twoStarts(moduleOf(OldFn), moduleOf(NewFn));
    expect(await rejection(old.state(Profile.at('p')))).to.have.property('code', 'SF_SCHEMA');
  });

  it('under a name that vanished is reported, never lost; unless it is given up', async () => {
    const state = () => ({ age: 0 });
    const ShorterFn = defineFunction(Profile, { state, invoke() {} });
    const RetiringFn = defineFunction(Profile, { state, invoke() {} }, { retired: ['name'] });
    const app = await twoStarts(moduleOf(OldFn), moduleOf(ShorterFn));
    expect(await rejection(app.state(Profile.at('p')))).to.have.property('code', 'SF_VANISHED_STATE');
    const sending = app.client.send(Profile.at('p'), 'x').catch((error: unknown) => error);
    expect(await rejection(app.settle().then(() => app.advance('10s')))).to.have.property('code', 'SF_VANISHED_STATE');
    await sending;
    await app.restart({ modules: [moduleOf(RetiringFn)] });
    await app.settle();
    expect(await app.state(Profile.at('p'))).to.deep.equal({ age: -1 });
    await app.stop();
  });
});

describe('An entry that is not in memory', () => {
  const Index = FunctionType.contract('test/index', {
    put: send<number>(),
    get: ask<string, number>(),
    getSwallowing: ask<string, string>(),
    getThree: ask<void, number[]>(),
    getAsync: ask<string, number>(),
    sumList: ask<void, number>(),
    each: ask<void, number>(),
  });
  const attempts: number[] = [];
  let runs = 0;
  const IndexFn = defineFunction(
    Index,
    {
      state: () => ({ calls: 0, map: PersistedMap.of<string, number>(), list: PersistedList.of<number>() }),
      handlers: {
        put(_ctx, count) {
          for (let i = 0; i < count; i += 1) this.map.set(`k${i}`, i);
          this.list.append(1, 2, 3);
        },
        get(ctx, key) {
          attempts.push(ctx.attempt);
          this.calls += 1;
          return this.map.get(key) ?? -1;
        },
        getSwallowing(ctx, key) {
          attempts.push(ctx.attempt);
          this.calls += 1;
          try {
            return `found ${this.map.get(key)}`;
          } catch {
            return 'swallowed';
          }
        },
        getThree() {
          runs += 1;
          return ['k1', 'k2', 'k3', 'k4', 'k5', 'k6'].map((key) => this.map.get(key) ?? -1);
        },
        async getAsync(ctx, key) {
          attempts.push(ctx.attempt);
          await this.map.load([key]);
          return this.map.get(key) ?? -1;
        },
        sumList() {
          return this.list.view().reduce((sum, n) => sum + n, 0);
        },
        async each() {
          let sum = 0;
          for await (const [, value] of this.map) sum += value;
          return sum;
        },
      },
    },
    { retry: { maxAttempts: 1 } },
  );

  const afterRestart = async () => {
    const app = await TestApplication.start({ modules: [moduleOf(IndexFn)] });
    await app.client.to(Index.at('1')).put(20);
    await app.crash();
    await app.restart();
    attempts.length = 0;
    runs = 0;
    return app;
  };

  it('is loaded, and the handler runs again: one effect, not counted as an attempt', async () => {
    await using app = await afterRestart();
    expect(await app.client.ask(Index.at('1')).get('k7')).to.equal(7);
    expect(attempts).to.deep.equal([1, 1]);
    expect(await app.client.ask(Index.at('1')).get('none')).to.equal(-1);
    expect(await app.state(Index.at('1'))).to.have.property('calls', 2);
    expect(app.deadLetters).to.deep.equal([]);
  });

  it('is loaded also when the handler swallows the signal', async () => {
    await using app = await afterRestart();
    expect(await app.client.ask(Index.at('1')).getSwallowing('k7')).to.equal('found 7');
    expect(attempts).to.deep.equal([1, 1]);
    expect(await app.state(Index.at('1'))).to.have.property('calls', 1);
  });

  it('is one of many: after three runs all are loaded', async () => {
    await using app = await afterRestart();
    expect(await app.client.ask(Index.at('1')).getThree()).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(runs).to.equal(4);
  });

  it('can be loaded before it is read, and all can be iterated', async () => {
    await using app = await afterRestart();
    expect(await app.client.ask(Index.at('1')).getAsync('k7')).to.equal(7);
    expect(attempts).to.deep.equal([1]);
    expect(await app.client.ask(Index.at('1')).sumList()).to.equal(6);
    expect(await app.client.ask(Index.at('1')).each()).to.equal(190);
  });
});

describe('Passivation', () => {
  it('reads on when more is in memory than may be, all of it was used since it was last looked at, and nothing changes', async () => {
    const Seen = FunctionType.of<string>('test/seen');
    const names = Ingress.of<string>('test/names');
    const SeenFn = defineFunction(Seen, {
      state: () => ({ times: 0 }),
      invoke() {
        this.times += 1;
      },
    });
    const functions = moduleOf(SeenFn);
    await using app = await TestApplication.start({
      modules: [
        {
          configure(config, binder) {
            functions.configure(config, binder);
            binder.bindIngress(names, new MemorySource<string>());
            binder.bindRouter(names, (name, downstream) => downstream.forward(Seen.at(name), name));
          },
        },
      ],
      maxActiveAddresses: 1,
    });
    app.push(names, 'a', 'b', 'c', 'd');
    await app.checkpoint();
    app.push(names, 'e');
    await app.settle();
    expect(await app.state(Seen.at('e'))).to.deep.equal({ times: 1 });
  });

  it('keeps the state of each address exact, however few stay in memory', async () => {
    const Tally = FunctionType.of<number>('test/tally');
    const Driver = FunctionType.of<{ from: number; count: number }>('test/driver');
    const TallyFn = defineFunction(Tally, {
      state: () => ({ sum: 0, by: PersistedMap.of<number, number>(), list: PersistedList.of<number>() }),
      invoke(_ctx, n) {
        this.sum += n;
        this.by.update(n % 3, (old = 0) => old + n);
        this.list.append(n);
      },
    });
    const DriverFn = defineFunction(Driver, {
      invoke(ctx, { from, count }) {
        for (let n = from; n < from + count; n += 1) ctx.send(Tally.at(`${(n * 7) % 50}`), n);
      },
    });
    await using app = await TestApplication.start({ modules: [moduleOf(TallyFn, DriverFn)], maxActiveAddresses: 5 });
    const model = Array.from({ length: 50 }, () => [] as number[]);
    for (let from = 0; from < 3_000; from += 100) {
      await app.client.send(Driver.at('d'), { from, count: 100 });
      if (from % 700 === 0) await app.checkpoint();
      if (from % 900 === 0) {
        await app.checkpoint();
        await app.crash();
        await app.restart();
      }
    }
    for (let n = 0; n < 3_000; n += 1) model[(n * 7) % 50]?.push(n);
    await app.checkpoint();
    await app.checkpoint();
    for (const [id, list] of model.entries()) {
      const by = new Map<number, number>();
      for (const n of list) by.set(n % 3, (by.get(n % 3) ?? 0) + n);
      const state = await app.state(Tally.at(`${id}`));
      expect(state).to.deep.equal({ sum: list.reduce((a, b) => a + b, 0), by, list });
    }
  });
});
