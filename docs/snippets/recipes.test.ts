import {
  Application,
  type Binder,
  defineFunction,
  FunctionType,
  MemoryBlobStore,
  MemorySink,
  silentLogger,
} from '@stateful-functions/core';
import { FunctionHarness, TestApplication } from '@stateful-functions/core/testing';
import { expect } from 'chai';
import {
  Booking,
  BookingFn,
  Charge,
  ChargeFn,
  Crawler,
  Gate,
  GateFn,
  Lane,
  LaneFn,
  Ledger,
  LedgerFn,
  type Mail,
  mailSink,
  mails,
  PaymentProvider,
  Report,
  ReportFn,
  reports,
  SupplierFn,
  Tender,
  TenderFn,
} from './recipes.js';

const moduleOf = (configure: (binder: Binder) => void) => ({
  configure: (_config: ReadonlyMap<string, string>, binder: Binder) => configure(binder),
});

describe('docs/recipes.md', () => {
  it('has a timer that comes every hour, and catches up', async () => {
    const module = moduleOf((binder) => {
      binder.bindFunctions(ReportFn);
      binder.bindEgress(reports, new MemorySink());
    });
    await using app = await TestApplication.start({ modules: [module], checkpoints: { interval: '1h' } });
    const report = app.client.to(Report.at('sales'));
    await report.start();
    await report.start();
    await app.advance('3.5h');
    await app.checkpoint();
    expect(app.egress(reports)).to.have.lengthOf(3);
    await report.stop();
    await app.advance('3h');
    await app.checkpoint();
    expect(app.egress(reports)).to.have.lengthOf(3);
  });

  it('lets what is not done in time expire', async () => {
    const module = moduleOf((binder) => binder.bindFunctions(BookingFn));
    await using app = await TestApplication.start({ modules: [module] });
    for (const id of ['a', 'b']) await app.client.to(Booking.at(id)).open();
    await app.client.to(Booking.at('a')).paid();
    await app.advance('16m');
    expect(await app.state(Booking.at('a'))).to.include({ status: 'paid' });
    expect(await app.state(Booking.at('b'))).to.include({ status: 'expired' });
  });

  it('asks many, and answers with the best of those who answer', async () => {
    const module = moduleOf((binder) => binder.bindFunctions(TenderFn, SupplierFn));
    await using app = await TestApplication.start({ modules: [module] });
    const suppliers = ['carlos', 'silent', 'bo', 'broken'];
    const best = await app.client.ask(Tender.at('1')).best({ item: 'tea', suppliers });
    expect(best).to.deep.equal({ supplier: 'bo', cents: 6 });
    expect(await app.state(Tender.at('1'))).to.include({ waiting: 0, asker: undefined });
    const refused = await app.client
      .ask(Tender.at('2'))
      .best({ item: 'tea', suppliers: ['broken'] })
      .catch((error: unknown) => error);
    expect(refused).to.have.property('code', 'NO_OFFER');
  });

  it('calls outside under one key, however often it tries', async () => {
    const keys: string[] = [];
    const provider: PaymentProvider = {
      async charge(key) {
        keys.push(key);
        if (keys.length < 3) throw new Error('no answer');
        return `receipt of ${key}`;
      },
    };
    const charge = FunctionHarness.of(ChargeFn, { services: [[PaymentProvider, provider]] });
    expect(await charge.call('charge', 500)).to.equal(`receipt of ${keys[0]}`);
    expect(keys).to.deep.equal([keys[0], keys[0], keys[0]]);
    await charge.call('charge', 500);
    expect(keys).to.have.lengthOf(3);
    expect(Charge.at('1').toString()).to.equal('recipes/charge/1');
  });

  it('tries a mail again with its id', async () => {
    const ids: string[] = [];
    const busyOnce = mailSink(async (_mail, id) => {
      ids.push(id);
      if (ids.length === 1) throw new Error('busy');
    });
    const Clerk = FunctionType.of<Mail>('recipes/clerk');
    const module = moduleOf((binder) => {
      binder.bindEgress(mails, busyOnce);
      binder.bindFunctions(defineFunction(Clerk, { invoke: (ctx, mail) => ctx.send(mails, mail) }));
    });
    const checkpoints = { store: new MemoryBlobStore() };
    const app = await Application.from(module).start({ checkpoints, logger: silentLogger, handleSignals: false });
    await app.client.send(Clerk.at('one'), { to: 'ada', text: 'hello' });
    await app.stop();
    expect(ids).to.have.lengthOf(2);
    expect(ids[1]).to.equal(ids[0]);
  });

  it('takes an event once, and a call with a key once', async () => {
    const module = moduleOf((binder) => binder.bindFunctions(LedgerFn));
    await using app = await TestApplication.start({ modules: [module] });
    const ledger = Ledger.at('ada');
    await app.client.send(ledger, { id: '1', cents: 5 });
    await app.client.send(ledger, { id: '1', cents: 5 });
    await app.restart();
    await app.client.send(ledger, { id: '1', cents: 5 });
    expect(await app.state(ledger)).to.include({ total: 5 });
    await app.client.send(ledger, { id: '2', cents: 1 }, { idempotencyKey: 'payment-2' });
    await app.client.send(ledger, { id: '3', cents: 1 }, { idempotencyKey: 'payment-2' });
    expect(await app.state(ledger)).to.include({ total: 6 });
  });

  it('has no more jobs at once than lanes', async () => {
    let now = 0;
    let most = 0;
    const module = moduleOf((binder) => {
      binder.bindService(Crawler, {
        async fetch() {
          now += 1;
          most = Math.max(most, now);
          await new Promise<void>((resolve) => app.scheduler.after(1_000, resolve));
          now -= 1;
          return 1;
        },
      });
      binder.bindFunctions(GateFn, LaneFn);
    });
    await using app = await TestApplication.start({ modules: [module] });
    for (let n = 0; n < 50; n += 1) await app.client.send(Gate.at('1'), { url: `http://host-${n}.example/` });
    await app.advance('2m');
    const lanes = await Promise.all(Array.from({ length: 8 }, (_, n) => app.state(Lane.at(String(n)))));
    expect(lanes.reduce((sum, { bytes }) => sum + (bytes as number), 0)).to.equal(50);
    expect(most).to.be.greaterThan(1).and.at.most(8);
  });
});
