import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { silentLogger } from '../../src/ports/logger.js';
import type { Context } from '../../src/sdk/context.js';
import { ask, query } from '../../src/sdk/contract.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { PersistedMap } from '../../src/sdk/persisted-map.js';
import { PersistedValue } from '../../src/sdk/persisted-value.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { gate, moduleOf, rejection } from './functions-module.js';

type Misdeed = 'field' | 'nested' | 'map' | 'send' | 'timer' | 'forget';

const Box = FunctionType.contract('test/box', {
  put: ask<number, number>(),
  slowPut: ask<number, number>(),
  look: query<void, number>(),
  lookAll: query<void, unknown>(),
  misbehave: query<Misdeed, void>(),
});

let held = gate<void>();

const BoxFn = defineFunction(Box, {
  state: () => ({
    n: 0,
    nested: { tags: [] as string[] },
    map: PersistedMap.of<string, number>({ ttl: '1h', ttlAfter: 'read-or-write' }),
    value: PersistedValue.of<number>({ ttl: '1h', ttlAfter: 'read-or-write' }),
  }),
  handlers: {
    put(_ctx, n) {
      this.map.set('n', n);
      this.value.set(n);
      this.n = n;
      return n;
    },
    async slowPut(_ctx, n) {
      this.n = n;
      await held.promise;
      return n;
    },
    look() {
      return this.n;
    },
    lookAll() {
      return [this.n, this.map.get('n'), this.value.get()];
    },
    misbehave(ctx, misdeed) {
      const full = ctx as Context;
      if (misdeed === 'field') this.n = 99;
      if (misdeed === 'nested') this.nested.tags.push('x');
      if (misdeed === 'map') this.map.set('x', 1);
      if (misdeed === 'send') full.ask(Box.at('other')).put(1, { operation: 'put' } as never);
      if (misdeed === 'timer') full.cancel({ timerId: '0'.repeat(32), dueMs: 0, owner: ctx.self });
      if (misdeed === 'forget') full.forget();
    },
  },
});

describe('A query', () => {
  it('sees state, and may neither write nor send', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(BoxFn)] });
    const box = Box.at('1');
    await app.client.ask(box).put(7);
    const before = await app.state(box);
    for (const misdeed of ['field', 'nested', 'map', 'send', 'timer', 'forget'] as const) {
      const error = await rejection(app.client.query(box).misbehave(misdeed));
      expect(error, misdeed).to.have.property('code', 'SF_READ_ONLY');
    }
    expect(await app.client.query(box).look()).to.equal(7);
    expect(await app.state(box)).to.deep.equal(before);
    await app.checkpoint();
    expect(app.deadLetters).to.deep.equal([]);
  });

  it('may read what lives on when it is read, and does not make it live longer', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(BoxFn)] });
    await app.client.ask(Box.at('1')).put(7);
    await app.advance('40m');
    expect(await app.client.query(Box.at('1')).lookAll()).to.deep.equal([7, 7, 7]);
    await app.advance('40m');
    expect(await app.client.query(Box.at('1')).lookAll()).to.deep.equal([7, undefined, undefined]);
  });

  it('reads entries that are not in memory', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(BoxFn)] });
    await app.client.ask(Box.at('1')).put(7);
    await app.crash();
    await app.restart();
    expect(await app.client.query(Box.at('1')).lookAll()).to.deep.equal([7, 7, 7]);
  });

  it('waits for the handler that runs, and never sees what it has not committed', async () => {
    held = gate<void>();
    await using app = await TestApplication.start({ modules: [moduleOf(BoxFn)] });
    const putting = app.client.ask(Box.at('1')).slowPut(5);
    setImmediate(held.open);
    expect(await Promise.all([putting, app.client.query(Box.at('1')).look()])).to.deep.equal([5, 5]);
  });
});

describe('A reply to a client', () => {
  it('waits for the checkpoint that holds its effects, and that of a query for what it saw; unless processed', async () => {
    const platform = new VirtualPlatform();
    const store = new HeldStore();
    const app = await platform.run(
      Application.from(moduleOf(BoxFn)).start({
        platform,
        logger: silentLogger,
        handleSignals: false,
        checkpoints: { store },
      }),
    );
    const arrived: string[] = [];
    const track = (name: string, promise: Promise<unknown>) =>
      promise.then((value) => arrived.push(`${name} ${value}`));
    store.hold();
    const done = [
      track('put', app.client.ask(Box.at('1')).put(1)),
      track('put processed', app.client.ask(Box.at('2'), { consistency: 'processed' }).put(2)),
      track('look', app.client.query(Box.at('1')).look()),
      track('look processed', app.client.query(Box.at('1'), { consistency: 'processed' }).look()),
      track('look elsewhere', app.client.query(Box.at('3')).look()),
    ];
    await platform.advance(5_000);
    expect(arrived).to.have.members(['put processed 2', 'look processed 1', 'look elsewhere 0']);
    store.release();
    await platform.settle();
    await Promise.all(done);
    expect(arrived).to.include.members(['put 1', 'look 1']);
    await platform.run(app.stop());
  });
});

/** A store whose writes can be made to wait. */
class HeldStore extends MemoryBlobStore {
  #held = gate<void>();

  constructor() {
    super();
    this.#held.open();
  }

  hold(): void {
    this.#held = gate<void>();
  }

  release(): void {
    this.#held.open();
  }

  override async put(...args: Parameters<MemoryBlobStore['put']>): Promise<boolean> {
    await this.#held.promise;
    return super.put(...args);
  }
}
