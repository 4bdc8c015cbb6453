import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { silentLogger } from '../../src/ports/logger.js';
import type { Context } from '../../src/sdk/context.js';
import { send } from '../../src/sdk/contract.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import type { Duration } from '../../src/sdk/duration.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import type { CancellationToken } from '../../src/sdk/reply.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { moduleOf } from './functions-module.js';

const Clock = FunctionType.contract('test/clock', {
  set: send<{ name: string; after: Duration }>(),
  setMany: send<{ from: number; count: number; baseMs: number; stepMs: number }>(),
  cancel: send<string>(),
  lend: send<string>(),
  setAndCancel: send(),
});
const Neighbour = FunctionType.of<CancellationToken>('test/neighbour');
const Bell = FunctionType.of<{ name: string; dueMs: number }>('test/bell');

const rung: { name: string; late: number }[] = [];

const ClockFn = defineFunction(Clock, {
  state: () => ({ tokens: new Map<string, CancellationToken>() }),
  handlers: {
    set(ctx, { name, after }) {
      const ms = typeof after === 'number' ? after : 0;
      this.tokens.set(name, ctx.sendAfter(after, Bell.at('b'), { name, dueMs: ctx.now() + ms }));
    },
    setMany(ctx, { from, count, baseMs, stepMs }) {
      for (let i = from; i < from + count; i += 1) {
        const dueMs = baseMs + i * stepMs;
        ctx.sendAt(new Date(dueMs), Bell.at(`${i % 100}`), { name: `${i}`, dueMs });
      }
    },
    cancel(ctx, name) {
      const token = this.tokens.get(name);
      if (token !== undefined) ctx.cancel(token);
    },
    /** To somebody else with the same id, and so in the same key group: only the type tells them apart. */
    lend(ctx, name) {
      ctx.send(Neighbour.at(ctx.self.id), this.tokens.get(name) as CancellationToken);
    },
    setAndCancel(ctx) {
      ctx.cancel(ctx.after('1s').to(Clock.at('x')).cancel('none'));
      ctx.cancel(ctx.sendAfter('1s', Bell.at('b'), { name: 'cancelled at once', dueMs: 0 }));
      ctx
        .at(new Date(ctx.now() + 3_000))
        .to(Clock.at('x'))
        .set({ name: 'by a timer', after: 1_000 });
    },
  },
});

const NeighbourFn = defineFunction(Neighbour, { invoke: (ctx, token) => ctx.cancel(token) });

const BellFn = defineFunction(Bell, {
  state: () => ({ count: 0 }),
  invoke(ctx: Context, { name, dueMs }) {
    this.count += 1;
    rung.push({ name, late: ctx.now() - dueMs });
  },
});

const names = () => rung.map(({ name }) => name);

describe('Timers', () => {
  let app: TestApplication;
  const clock = () => app.client.to(Clock.at('c'));
  const crash = async () => {
    await app.checkpoint();
    await app.crash();
    await app.restart();
  };

  beforeEach(async () => {
    rung.length = 0;
    app = await TestApplication.start({
      modules: [moduleOf(ClockFn, NeighbourFn, BellFn)],
      checkpoints: { interval: '1h' },
    });
  });
  afterEach(() => app.stop());

  for (const crashes of [false, true]) {
    it(`fire in the order they are due, on time, once${crashes ? ', after a crash' : ''}`, async () => {
      for (const [name, after] of [
        ['c', 30_000],
        ['a', 10_000],
        ['b', 20_000],
        ['a2', 10_000],
        ['far', 40 * 86_400_000],
      ] as const)
        await clock().set({ name, after });
      if (crashes) await crash();
      await app.advance(9_999);
      expect(rung).to.deep.equal([]);
      await app.advance(1);
      expect(names()).to.have.members(['a', 'a2']);
      if (crashes) await crash();
      await app.advance('1m');
      expect(names().slice(2)).to.deep.equal(['b', 'c']);
      if (crashes) await crash();
      await app.advance('39d');
      if (crashes) await crash();
      expect(names()).to.have.length(4);
      await app.advance('1d');
      await app.advance('40d');
      expect(names()).to.have.length(5);
      expect(rung.every(({ late }) => late === 0)).to.equal(true);
    });
  }

  it('that came due while the application was down fire when it is up, in order', async () => {
    for (const [name, after] of [
      ['b', 20_000],
      ['a', 10_000],
    ] as const)
      await clock().set({ name, after });
    await app.checkpoint();
    await app.crash();
    await app.advance('1h');
    await app.restart();
    await app.settle();
    expect(names()).to.deep.equal(['a', 'b']);
  });

  it('due after half a millisecond are set, checkpointed, and never early', async () => {
    await clock().set({ name: 'soon', after: 0.5 });
    await clock().set({ name: 'later', after: 10_000.5 });
    await crash();
    await app.advance('1m');
    expect(names()).to.have.members(['soon', 'later']);
    expect(rung.every(({ late }) => late >= 0)).to.equal(true);
  });

  it('that came due while the machine slept fire soon after', async () => {
    const platform = new VirtualPlatform();
    const module = moduleOf(ClockFn, NeighbourFn, BellFn);
    const options = {
      platform,
      checkpoints: { store: new MemoryBlobStore() },
      logger: silentLogger,
      handleSignals: false,
    };
    const sleeper = await platform.run(Application.from(module).start(options));
    await platform.run(sleeper.client.to(Clock.at('c')).set({ name: 'morning', after: 8 * 3_600_000 }));
    platform.clock.jump(9 * 3_600_000);
    await platform.advance(5 * 60_000);
    expect(names()).to.deep.equal(['morning']);
    await platform.run(sleeper.stop());
  });

  it('can be cancelled, before and after a restart, near and far', async () => {
    for (const name of ['near', 'far', 'near, after', 'far, after'])
      await clock().set({ name, after: name.startsWith('far') ? 90 * 86_400_000 : 60_000 });
    await clock().cancel('near');
    await clock().cancel('far');
    await crash();
    await clock().cancel('near, after');
    await clock().cancel('far, after');
    await app.advance('2m');
    await crash();
    await app.advance('100d');
    expect(names()).to.deep.equal([]);
  });

  it('can be cancelled only by who set them, whether they are in memory or in storage', async () => {
    await clock().set({ name: 'near', after: 60_000 });
    await clock().set({ name: 'far', after: 90 * 86_400_000 });
    await clock().lend('near');
    await clock().lend('far');
    await crash();
    await clock().lend('near');
    await clock().lend('far');
    await crash();
    await app.advance('2m');
    expect(names()).to.deep.equal(['near']);
    await app.advance('100d');
    expect(names()).to.deep.equal(['near', 'far']);
  });

  it('set and cancelled in one invocation never fire; contract operations can be timed', async () => {
    await clock().setAndCancel();
    await app.advance('3s');
    expect(names()).to.deep.equal([]);
    await app.advance('1s');
    expect(names()).to.deep.equal(['by a timer']);
  });

  it('two hundred thousand pend in storage, and those that are due fire, each once', async function () {
    this.timeout(300_000);
    const total = 200_000;
    const baseMs = app.now + 100_000;
    for (let from = 0; from < total; from += 50_000)
      await app.client.to(Clock.at('m')).setMany({ from, count: 50_000, baseMs, stepMs: 1_000 });
    await app.checkpoint();
    await app.checkpoint();
    await crash();
    await app.advance(100_000 + 999 * 1_000);
    expect(rung).to.have.length(1_000);
    expect(new Set(names()).size).to.equal(1_000);
    expect(rung.every(({ late }) => late === 0)).to.equal(true);
  });
});
