import { expect } from 'chai';
import type { Context } from '../../src/sdk/context.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import type { Binder } from '../../src/sdk/module.js';
import { StatefulFunction } from '../../src/sdk/stateful-function.js';
import { TestApplication } from '../../src/testing/test-application.js';

const Shop = FunctionType.of<string>('test/shop');
const Page = FunctionType.of<{ readonly items: readonly unknown[] }>('test/page');

@StatefulFunction(Shop)
class ShopFn implements StatefulFunction<string> {
  invoke(ctx: Context, item: string): void {
    ctx.send(Page.at('1'), { items: [item, { onClick: () => item }] });
  }
}

@StatefulFunction(Page)
class PageFn implements StatefulFunction<object> {
  invoke(): void {}
}

describe('A message that holds a function', () => {
  it('is refused where it is sent, with the path to it, and what sent it becomes a dead letter', async () => {
    const configure = (_config: unknown, binder: Binder) => binder.bindFunctions(ShopFn, PageFn);
    await using app = await TestApplication.start({ modules: [{ configure }] });
    await app.client.send(Shop.at('1'), 'book');
    await app.advance('1m');
    expect(app.deadLetters).to.have.length(1);
    const [letter] = app.deadLetters;
    expect(letter).to.include({ address: 'test/shop/1', message: 'book' });
    expect(letter?.error).to.include('items[1].onClick').and.to.include('SF_UNSUPPORTED_VALUE');
    const sent = app.client.send(Page.at('1'), { items: [() => 1] }).catch((error: unknown) => error);
    expect(await sent).to.have.property('code', 'SF_UNSUPPORTED_VALUE');
  });
});
