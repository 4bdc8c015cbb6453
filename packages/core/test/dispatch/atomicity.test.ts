import { expect } from 'chai';
import type { Context } from '../../src/sdk/context.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Persisted } from '../../src/sdk/persisted.js';
import { PersistedList } from '../../src/sdk/persisted-list.js';
import { PersistedMap } from '../../src/sdk/persisted-map.js';
import { PersistedValue } from '../../src/sdk/persisted-value.js';
import { StatefulFunction } from '../../src/sdk/stateful-function.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { moduleOf, out } from './functions-module.js';

type Order = 'write' | 'throw' | 'reject' | 'unsupported' | 'forget and throw';

const Account = FunctionType.of<Order>('test/account');
const Witness = FunctionType.of<string>('test/witness');

@StatefulFunction(Account, { retry: { maxAttempts: 1 } })
class AccountFn implements StatefulFunction<Order> {
  @Persisted() count = 0;
  @Persisted() nested: { tags: string[]; byDay: Map<string, number> } = { tags: [], byDay: new Map() };
  @Persisted() readonly value = PersistedValue.of<{ n: number }>();
  @Persisted() readonly map = PersistedMap.of<string, { n: number }>();
  @Persisted() readonly list = PersistedList.of<{ n: number }>();
  @Persisted() anything: unknown = null;

  invoke(ctx: Context, order: Order): void | Promise<void> {
    this.count += 1;
    this.nested.tags.push(order);
    this.nested.byDay.set(order, this.count);
    this.value.update((old) => ({ n: (old?.n ?? 0) + 1 }));
    const entry = this.map.get('kept') ?? { n: 0 };
    entry.n += 1;
    this.map.set('kept', entry).set(order, { n: 1 });
    this.list.append({ n: this.count });
    ctx.send(Witness.at('w'), order);
    ctx.sendAfter('1s', Witness.at('w'), `late ${order}`);
    ctx.send(out, order);
    if (order === 'write') return;
    this.map.clear();
    this.map.set('other', { n: 9 });
    this.list.replaceWith([]);
    this.value.clear();
    if (order === 'forget and throw') ctx.forget();
    if (order === 'unsupported') this.anything = () => {};
    else if (order === 'reject') return Promise.resolve().then(() => Promise.reject(new Error('rejected')));
    else throw new Error('thrown');
  }
}

const WitnessFn = defineFunction(Witness, {
  state: () => ({ heard: [] as string[] }),
  invoke(_ctx, what) {
    this.heard.push(what);
  },
});

describe('An invocation is atomic', () => {
  for (const failing of ['throw', 'reject', 'unsupported', 'forget and throw'] as const) {
    it(`nothing takes effect of one that ends with: ${failing}`, async () => {
      await using app = await TestApplication.start({ modules: [moduleOf(AccountFn, WitnessFn)] });
      const account = Account.at('a');
      for (const order of ['write', failing, 'write', failing] as const) await app.client.send(account, order);
      await app.advance('2s');
      await app.checkpoint();
      const expected = {
        count: 2,
        nested: { tags: ['write', 'write'], byDay: new Map([['write', 2]]) },
        value: { n: 2 },
        map: new Map([
          ['kept', { n: 2 }],
          ['write', { n: 1 }],
        ]),
        list: [{ n: 1 }, { n: 2 }],
        anything: null,
      };
      expect(await app.state(account)).to.deep.equal(expected);
      expect(await app.state(Witness.at('w'))).to.deep.equal({ heard: ['write', 'write', 'late write', 'late write'] });
      expect(app.egress(out)).to.deep.equal(['write', 'write']);
      expect(app.deadLetters).to.have.length(2);
      await app.crash();
      await app.restart();
      expect(await app.state(account)).to.deep.equal(expected);
    });
  }

  it('a first invocation that throws leaves no state at all', async () => {
    await using app = await TestApplication.start({ modules: [moduleOf(AccountFn, WitnessFn)] });
    await app.client.send(Account.at('a'), 'throw');
    await app.client.send(Account.at('a'), 'write');
    expect(await app.state(Account.at('a'))).to.deep.include({ count: 1, value: { n: 1 }, list: [{ n: 1 }] });
  });

  it('an object a handler got from state and kept is not state any more after a throw', async () => {
    const Keeper = FunctionType.of<'keep' | 'throw' | 'write'>('test/keeper');
    let kept: { n: number } | undefined;
    const KeeperFn = defineFunction(
      Keeper,
      {
        state: () => ({ held: { n: 0 } }),
        invoke(_ctx, order) {
          this.held.n += 1;
          kept = this.held;
          if (order === 'throw') throw new Error('thrown');
        },
      },
      { retry: { maxAttempts: 1 } },
    );
    await using app = await TestApplication.start({ modules: [moduleOf(KeeperFn)] });
    await app.client.send(Keeper.at('k'), 'throw');
    if (kept !== undefined) kept.n = 99;
    await app.client.send(Keeper.at('k'), 'write');
    expect(await app.state(Keeper.at('k'))).to.deep.equal({ held: { n: 1 } });
  });

  it('a context whose handler has ended throws SF_CONTEXT_ENDED, after a return and after a throw', async () => {
    const Leaker = FunctionType.of<'return' | 'throw'>('test/leaker');
    const leaked: Context[] = [];
    const LeakerFn = defineFunction(
      Leaker,
      {
        state: () => ({ n: 0 }),
        invoke(ctx, order) {
          leaked.push(ctx);
          if (order === 'throw') throw new Error('thrown');
        },
      },
      { retry: { maxAttempts: 1 } },
    );
    await using app = await TestApplication.start({ modules: [moduleOf(LeakerFn, WitnessFn)] });
    await app.client.send(Leaker.at('l'), 'return');
    await app.client.send(Leaker.at('l'), 'throw');
    for (const ctx of leaked) {
      expect(() => ctx.send(Witness.at('w'), 'ghost')).to.throw('SF_CONTEXT_ENDED');
      expect(() => ctx.sendAfter(1, Witness.at('w'), 'ghost')).to.throw('SF_CONTEXT_ENDED');
      expect(() => ctx.send(out, 'ghost')).to.throw('SF_CONTEXT_ENDED');
      expect(() => ctx.forget()).to.throw('SF_CONTEXT_ENDED');
    }
    await app.checkpoint();
    expect(await app.state(Witness.at('w'))).to.deep.equal({ heard: [] });
    expect(app.egress(out)).to.deep.equal([]);
  });
});
