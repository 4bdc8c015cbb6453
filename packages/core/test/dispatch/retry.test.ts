import { expect } from 'chai';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { moduleOf, out } from './functions-module.js';

interface Job {
  readonly name: string;
  /** Attempts that fail before one ends well. */
  readonly failures: number;
  readonly items?: string[];
}

const Starter = FunctionType.of<Job[]>('test/starter');
const Shop = FunctionType.of<Job>('test/shop');

interface Attempt {
  readonly at: number;
  readonly id: string;
  readonly attempt: number;
  readonly name: string;
  readonly random: number[];
  readonly items: string[] | undefined;
}

function shop(retry: { maxAttempts?: number; backoff?: { initial?: number; max?: number } }, isAsync = false) {
  const attempts: Attempt[] = [];
  const ShopFn = defineFunction(
    Shop,
    {
      state: () => ({ done: [] as string[] }),
      invoke(ctx, job): void | Promise<void> {
        const { attempt, invocationId: id } = ctx;
        const random = [ctx.random(), ctx.random()];
        attempts.push({ at: ctx.now(), id, attempt, name: job.name, random, items: job.items && [...job.items] });
        job.items?.push('changed by the receiver');
        const work = () => {
          if (attempt <= job.failures) throw new Error(`${job.name} fails`);
          this.done.push(job.name);
          ctx.send(out, `${ctx.self.id} ${job.name}`);
        };
        return isAsync ? Promise.resolve().then(work) : work();
      },
    },
    { retry },
  );
  const StarterFn = defineFunction(Starter, {
    invoke(ctx, jobs) {
      for (const job of jobs) ctx.send(Shop.at(job.name.startsWith('b') ? 'b' : 'a'), job);
    },
  });
  return { attempts, module: moduleOf(ShopFn, StarterFn) };
}

describe('A message whose handler fails', () => {
  for (const isAsync of [false, true]) {
    it(`is retried, ahead of what came later; other addresses go on (${isAsync ? 'async' : 'sync'})`, async () => {
      const { module, attempts } = shop({ maxAttempts: 5, backoff: { initial: 1_000, max: 10_000 } }, isAsync);
      await using app = await TestApplication.start({ modules: [module] });
      await app.client.send(Starter.at('s'), [
        { name: 'a1', failures: 2, items: ['x'] },
        { name: 'a2', failures: 0 },
        { name: 'b1', failures: 0 },
        { name: 'a3', failures: 1 },
        { name: 'a4', failures: 0 },
      ]);
      await app.settle();
      expect(await app.state(Shop.at('a'))).to.deep.equal({ done: [] });
      expect(await app.state(Shop.at('b'))).to.deep.equal({ done: ['b1'] });
      await app.advance('1m');
      expect(await app.state(Shop.at('a'))).to.deep.equal({ done: ['a1', 'a2', 'a3', 'a4'] });
      expect(app.egress(out)).to.deep.equal(['b b1', 'a a1', 'a a2', 'a a3', 'a a4']);
      const first = attempts.filter(({ name }) => name === 'a1');
      expect(first.map(({ attempt }) => attempt)).to.deep.equal([1, 2, 3]);
      expect(new Set(first.map(({ id }) => id)).size).to.equal(1);
      expect(first.map(({ random }) => random)).to.deep.equal([first[0]?.random, first[0]?.random, first[0]?.random]);
      expect(first.map(({ items }) => items)).to.deep.equal([['x'], ['x'], ['x']]);
      const [one, two, three] = first.map(({ at }) => at) as [number, number, number];
      expect(two - one).to.be.within(500, 1_001);
      expect(three - two).to.be.within(1_000, 2_001);
    });
  }

  it('is a dead letter after its last attempt, and the next message goes on', async () => {
    const { module, attempts } = shop({ maxAttempts: 3, backoff: { initial: 10, max: 10 } });
    await using app = await TestApplication.start({ modules: [module] });
    await app.client.send(Starter.at('s'), [
      { name: 'a1', failures: 99, items: ['x'] },
      { name: 'a2', failures: 0 },
    ]);
    await app.advance('1s');
    await app.checkpoint();
    expect(attempts.map(({ name }) => name)).to.deep.equal(['a1', 'a1', 'a1', 'a2']);
    expect(app.deadLetters).to.deep.equal([
      {
        code: 'SF_HANDLER_FAILED',
        error: 'a1 fails',
        address: 'test/shop/a',
        operation: undefined,
        invocationId: attempts[0]?.id,
        attempts: 3,
        caller: 'test/starter/s',
        where: undefined,
        message: { name: 'a1', failures: 99, items: ['x'] },
      },
    ]);
    expect(app.egress(out)).to.deep.equal(['a a2']);
  });

  it('keeps its attempt, its id, its random numbers and its place across a crash', async () => {
    const { module, attempts } = shop({ maxAttempts: 4, backoff: { initial: 10_000, max: 10_000 } });
    await using app = await TestApplication.start({ modules: [module] });
    await app.client.send(Starter.at('s'), [
      { name: 'a1', failures: 2 },
      { name: 'a2', failures: 0 },
      { name: 'b1', failures: 0 },
    ]);
    await app.checkpoint();
    await app.crash();
    await app.restart();
    await app.settle();
    expect(attempts.filter(({ name }) => name === 'a1')).to.have.length(1);
    await app.advance('1m');
    const first = attempts.filter(({ name }) => name === 'a1');
    expect(first.map(({ attempt }) => attempt)).to.deep.equal([1, 2, 3]);
    expect(new Set(first.map(({ id }) => id)).size).to.equal(1);
    expect(new Set(first.map(({ random }) => String(random))).size).to.equal(1);
    expect(await app.state(Shop.at('a'))).to.deep.equal({ done: ['a1', 'a2'] });
    expect(app.egress(out)).to.deep.equal(['b b1', 'a a1', 'a a2']);
  });

  it('has the same id and random numbers when it is handled again after a crash', async () => {
    const { module, attempts } = shop({});
    await using app = await TestApplication.start({ modules: [module] });
    await app.client.send(Starter.at('s'), [{ name: 'a0', failures: 0 }]);
    await app.checkpoint();
    // In flight at the checkpoint, handled after it, and again after the crash.
    await app.client.send(Starter.at('s'), [{ name: 'a1', failures: 1 }]);
    await app.checkpoint();
    await app.advance(150);
    await app.crash();
    await app.restart();
    await app.advance('1s');
    const second = attempts.filter(({ name, attempt }) => name === 'a1' && attempt === 2);
    expect(second).to.have.length(2);
    expect(second[0]?.id).to.equal(second[1]?.id);
    expect(second[0]?.random).to.deep.equal(second[1]?.random);
    expect(await app.state(Shop.at('a'))).to.deep.equal({ done: ['a0', 'a1'] });
  });
});
