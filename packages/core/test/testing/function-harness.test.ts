import { setImmediate as realTurn } from 'node:timers/promises';
import { expect } from 'chai';
import type { AnyAddress } from '../../src/sdk/address.js';
import type { Context } from '../../src/sdk/context.js';
import { ask, type ContractAddress, query, type Reply, send } from '../../src/sdk/contract.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { Egress } from '../../src/sdk/egress.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Persisted } from '../../src/sdk/persisted.js';
import { PersistedMap } from '../../src/sdk/persisted-map.js';
import { CancellationToken, type ReplyHandle } from '../../src/sdk/reply.js';
import { StatefulFunction } from '../../src/sdk/stateful-function.js';
import { FunctionHarness, type RecordedSend } from '../../src/testing/function-harness.js';

interface Visit {
  readonly page: string;
}

class Titles {
  constructor(readonly titleOf: (page: string) => string) {}
}

const Visitor = FunctionType.of<Visit>('test/visitor');
const Auditor = FunctionType.of<string>('test/auditor');
const seen = Egress.of<string>('test/seen');

@StatefulFunction(Visitor, { retry: { maxAttempts: 3, backoff: { initial: '1s' } } })
class VisitorFn implements StatefulFunction<Visit> {
  @Persisted() count = 0;
  @Persisted() readonly pages = PersistedMap.of<string, number>();
  @Persisted() reminder: CancellationToken | undefined = undefined;

  constructor(private readonly titles: Titles) {}

  async invoke(ctx: Context, { page }: Visit): Promise<void> {
    this.count += 1;
    this.pages.update(page, (count = 0) => count + 1);
    ctx.send(Auditor.at('all'), page);
    if (page === 'slow') await realTurn();
    ctx.send(seen, this.titles.titleOf(page));
    if (this.reminder !== undefined) ctx.cancel(this.reminder);
    this.reminder = ctx.sendAfter('1h', Visitor.at(ctx.self.id), { page: 'reminder' });
    if (page === 'broken') throw new RangeError(`attempt ${ctx.attempt}`);
    if (page === 'hangs') await new Promise(() => {});
    if (page === 'gone') ctx.forget();
    if (page === 'audited') ctx.sendAfter('5m', Auditor.at('all'), 'late');
  }
}

const titles = new Titles((page) => page.toUpperCase());
const visitor = () => FunctionHarness.of(VisitorFn, { id: 'ada', services: [[Titles, titles]], startMs: 0 });

const Driver = FunctionType.contract('test/driver', { offer: ask<number, boolean>(), finish: send<string>() });
const Ride = FunctionType.contract('test/ride', {
  request: send<ContractAddress<never>>(),
  offered: send<Reply<boolean>>(),
  price: ask<number, number>(),
  wait: ask<void, string>(),
  release: send<string>(),
  refuse: ask<void, void>(),
  status: query<void, string>(),
  cheat: query<void, number>(),
});

const RideFn = defineFunction(Ride, {
  state: () => ({ status_: 'new', waiting: undefined as ReplyHandle<string> | undefined }),
  handlers: {
    request(ctx, driver) {
      this.status_ = 'asked';
      ctx
        .ask(driver as AnyAddress as ReturnType<typeof Driver.at>, { timeout: '10s' })
        .offer(7, ctx.replyTo(Ride, 'offered'));
      ctx.to(Driver.at('other')).finish('never mind');
    },
    offered(_ctx, reply) {
      this.status_ = reply.ok ? `answered ${reply.value}` : reply.error.code;
    },
    price: (_ctx, km) => km * 2,
    wait(ctx) {
      this.waiting = ctx.replyHandle<string>();
      return this.waiting;
    },
    release(ctx, text) {
      if (this.waiting !== undefined) ctx.reply(this.waiting, text);
    },
    refuse(ctx) {
      const handle = ctx.replyHandle<void>();
      ctx.fail(handle as ReplyHandle<never>, { code: 'FULL', message: 'no seats' });
      return handle;
    },
    status() {
      return this.status_;
    },
    cheat() {
      this.status_ = 'cheated';
      return 1;
    },
  },
});

describe('FunctionHarness', () => {
  it('shows what an invocation sends, lets out, keeps and sets for later', async () => {
    const harness = visitor();
    expect(harness.state).to.deep.equal({ count: 0, pages: new Map(), reminder: undefined });
    await harness.invoke({ page: 'home' });
    expect(harness.sends).to.deep.equal([{ to: Auditor.at('all'), message: 'home' }]);
    expect(harness.egress(seen)).to.deep.equal(['HOME']);
    expect(harness.state).to.deep.include({ count: 1, pages: new Map([['home', 1]]) });
    expect(harness.timers).to.have.length(1);
    const [timer] = harness.timers;
    expect([timer?.dueMs, String(timer?.to), timer?.message]).to.deep.equal([
      3_600_000,
      'test/visitor/ada',
      { page: 'reminder' },
    ]);
  });

  it('handles its timers to itself as time passes, and records those to others', async () => {
    const harness = visitor();
    await harness.invoke({ page: 'home' });
    await harness.invoke({ page: 'audited' });
    expect(harness.timers.map(({ dueMs }) => dueMs)).to.deep.equal([300_000, 3_600_000]);
    harness.clear();
    await harness.advance('1h');
    expect(harness.sends.map(({ message }) => message)).to.deep.equal(['late', 'reminder']);
    expect(harness.state).to.have.property('count', 3);
    expect(harness.now).to.equal(3_600_000);
  });

  it('rejects with what the handler threw at its last attempt, and nothing of it took effect', async () => {
    const harness = visitor();
    const error = await harness.invoke({ page: 'broken' }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(RangeError).with.property('message', 'attempt 3');
    expect(harness.deadLetters).to.have.length(1);
    expect(harness.deadLetters[0]).to.deep.include({ attempts: 3, message: { page: 'broken' } });
    expect([harness.sends, harness.egress(seen), harness.timers]).to.deep.equal([[], [], []]);
    expect(harness.state).to.have.property('count', 0);
  });

  it('waits for what a handler does outside, while virtual time stands still', async () => {
    const harness = visitor();
    await harness.invoke({ page: 'slow' });
    expect(harness.egress(seen)).to.deep.equal(['SLOW']);
    expect(harness.now).to.equal(0);
  });

  it('times out a handler that hangs when time passes', async () => {
    const harness = visitor();
    const handled = harness.invoke({ page: 'hangs' }).catch((thrown: unknown) => thrown);
    await harness.advance('10m');
    expect(await handled).to.have.property('code', 'SF_HANDLER_TIMEOUT');
  });

  it('forgets state when told to', async () => {
    const harness = visitor();
    await harness.invoke({ page: 'home' });
    await harness.invoke({ page: 'gone' });
    expect(harness.state).to.deep.equal({ count: 0, pages: new Map(), reminder: undefined });
  });

  it('refuses what an application would refuse', () => {
    expect(() => FunctionHarness.of(VisitorFn)).to.throw('SF_');
    expect(() => FunctionHarness.of(Titles)).to.throw('SF_NOT_DECORATED');
  });

  it('calls the operations of a contract, and shows replies, late ones too', async () => {
    const ride = FunctionHarness.of(RideFn);
    const price: number | undefined = await ride.call('price', 21);
    expect(price).to.equal(42);
    expect(await ride.call('wait')).to.equal(undefined);
    await ride.call('release', 'at last');
    expect(ride.replies).to.deep.equal([
      { ok: true, value: 42 },
      { ok: true, value: 'at last' },
    ]);
    expect(await ride.call('refuse').catch((error: unknown) => error)).to.include({
      code: 'FULL',
      message: 'no seats',
    });
    expect(await ride.call('status')).to.equal('new');
    expect(await ride.call('cheat').catch((error: unknown) => error)).to.have.property('code', 'SF_READ_ONLY');
    // @ts-expect-error the operation takes a number
    await ride.call('price', 'far');
    // @ts-expect-error there is no such operation
    expect(await ride.call('none').catch((error: unknown) => error)).to.have.property('code', 'SF_UNKNOWN_OPERATION');
  });

  it('shows asks and sends to contracts, which time out by themselves', async () => {
    const ride = FunctionHarness.of(RideFn, { id: '1', contracts: [Driver] });
    await ride.call('request', Driver.at('d') as never);
    expect(ride.sends.map(({ to, ...rest }) => ({ to: String(to), ...rest }))).to.deep.equal([
      { to: 'test/driver/d', operation: 'offer', message: 7, replyTo: 'offered' },
      { to: 'test/driver/other', operation: 'finish', message: 'never mind' },
    ]);
    expect(await ride.call('status')).to.equal('asked');
    await ride.advance('9s');
    expect(ride.timers).to.have.length(1);
    await ride.advance('1s');
    expect(await ride.call('status')).to.equal('SF_ASK_TIMEOUT');
  });

  it('answers an ask once, in place of whom the function asked', async () => {
    const ride = FunctionHarness.of(RideFn, { contracts: [Driver] });
    await ride.call('request', Driver.at('d') as never);
    const [offer, finish] = ride.sends as [RecordedSend, RecordedSend];
    await ride.answer(offer, { ok: true, value: true });
    expect(await ride.call('status')).to.equal('answered true');
    expect(ride.timers).to.deep.equal([]);
    await ride.answer(offer, { ok: true, value: false });
    await ride.advance('1h');
    expect(await ride.call('status')).to.equal('answered true');
    expect(await ride.answer(finish, { ok: true, value: 1 }).catch((error: unknown) => error)).to.be.instanceOf(
      TypeError,
    );
  });

  it('says so when it cannot know the operations of an address', async () => {
    const ride = FunctionHarness.of(RideFn);
    const error = await ride.call('request', Driver.at('d') as never).catch((thrown: unknown) => thrown);
    expect(error).to.have.property('message').that.includes('test/driver').and.includes('contracts');
  });

  it('types messages by the handler', async () => {
    const harness = visitor();
    // @ts-expect-error the handler takes a visit
    await harness.invoke('home').catch(() => undefined);
  });
});
