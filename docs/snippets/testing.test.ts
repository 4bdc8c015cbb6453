import { MemorySink, MemorySource } from '@stateful-functions/core';
import { FunctionHarness, simulate, TestApplication } from '@stateful-functions/core/testing';
import { expect } from 'chai';
import { Account, AccountFn, BankModule, Limits, notices, type Payment, payments } from './testing.js';

describe('AccountFn', () => {
  it('adds up payments, and gives notice of large ones', async () => {
    const account = FunctionHarness.of(AccountFn, { id: 'ada', services: [[Limits, { noticeFromCents: 500 }]] });
    await account.invoke({ account: 'ada', cents: 400 });
    await account.invoke({ account: 'ada', cents: 600 });
    expect(account.state).to.deep.equal({ balance: 1_000 });
    expect(account.egress(notices)).to.deep.equal(['ada has 1000']);
    expect(account.timers).to.have.lengthOf(2);
  });

  it('refuses what would overdraw it, and changes nothing', async () => {
    const account = FunctionHarness.of(AccountFn, { services: [[Limits, new Limits()]] });
    const refused = await account.invoke({ account: 'test', cents: -1 }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(RangeError);
    expect(account.state).to.deep.equal({ balance: 0 });
    expect(account.deadLetters[0]).to.include({ code: 'SF_HANDLER_FAILED', attempts: 2 });
  });

  it('takes a fee after a month', async () => {
    const account = FunctionHarness.of(AccountFn, { id: 'ada', services: [[Limits, new Limits()]] });
    await account.invoke({ account: 'ada', cents: 400 });
    await account.advance('30d');
    expect(account.state).to.deep.equal({ balance: 399 });
  });
});

describe('the bank', () => {
  it('counts each payment once, whatever ends the process', async () => {
    await using app = await TestApplication.start({ modules: [BankModule] });
    app.push(payments, { account: 'ada', cents: 100_000 });
    await app.checkpoint();
    app.push(payments, { account: 'ada', cents: 200_000 });
    await app.settle();
    await app.crash(); // The second payment was handled, and is in no checkpoint.
    await app.restart();
    await app.checkpoint();
    expect(await app.state(Account.at('ada'))).to.deep.equal({ balance: 300_000 });
    expect(app.egress(notices)).to.deep.equal(['ada has 100000', 'ada has 300000']);
  });

  it('takes its fee when a month has passed', async () => {
    await using app = await TestApplication.start({ modules: [BankModule], checkpoints: { interval: '1h' } });
    app.push(payments, { account: 'ada', cents: 5 }, { account: 'bob', cents: -5 });
    await app.advance('30d');
    expect(await app.state(Account.at('ada'))).to.deep.equal({ balance: 4 });
    await app.checkpoint();
    expect(app.deadLetters.map(({ address, error }) => [address, error])).to.deep.equal([
      ['bank/account/bob', 'overdrawn'],
    ]);
  });

  for (const seed of [1, 2]) {
    it(`counts each payment once while nodes, network and store fail, seed ${seed}`, async function () {
      this.timeout(60_000);
      // The world outside: shared by all workers, and no fault strikes it.
      const source = new MemorySource<Payment>();
      const sink = new MemorySink<string>();
      const { violations } = await simulate({
        seed,
        nodes: 2,
        workersPerNode: 1,
        modules: () => [
          {
            configure(_config, binder) {
              binder.bindIngress(payments, source);
              binder.bindEgress(notices, sink);
              binder.bindFunctions(AccountFn);
              binder.bindRouter(payments, (payment, out) => out.forward(Account.at(payment.account), payment));
            },
          },
        ],
        async drive(simulation) {
          for (let second = 0; second < 10; second += 1) {
            source.push({ account: `account-${simulation.random.below(5)}`, cents: 100_000 });
            await simulation.advance(1_000);
          }
          simulation.heal();
          await simulation.advance(30_000);
        },
      });
      expect(violations).to.deep.equal([]);
      expect(sink.values).to.have.lengthOf(10);
    });
  }
});
