import { TestApplication } from '@stateful-functions/core/testing';
import { expect } from 'chai';
import { buy, Counter, deliveries, Money, Order, ShopModule, Stock } from './concepts.js';

describe('docs/concepts.md', () => {
  it('sells what there is, and says so where there is none', async () => {
    await using app = await TestApplication.start({ modules: [ShopModule] });
    expect(await buy(app.client)).to.deep.equal(['Thank you!', 7]);
    const refused = await app.client
      .ask(Order.at('order-2'))
      .place({ sku: 'tea', count: 8 })
      .catch((error: unknown) => error);
    expect(refused).to.include({ code: 'SOLD_OUT', message: 'We have not so many.' });
    app.push(deliveries, { sku: 'tea', count: 1 }, { sku: 'tea', count: -5 });
    await app.settle();
    expect(await app.client.query(Stock.at('tea')).left()).to.equal(8);
  });

  it('counts without decorators', async () => {
    await using app = await TestApplication.start({ modules: [ShopModule] });
    await app.client.send(Counter.at('a'), 2);
    expect(await app.state(Counter.at('a'))).to.deep.equal({ total: 2 });
    expect(new Money(1, 'EUR').plus(new Money(2, 'EUR'))).to.deep.equal(new Money(3, 'EUR'));
  });
});
