import { expect } from 'chai';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { PersistedMap } from '../../src/sdk/persisted-map.js';
import { CancellationToken } from '../../src/sdk/reply.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { gate, moduleOf } from '../dispatch/functions-module.js';

const Odd = FunctionType.of<string>('test/odd');

describe('Worker', () => {
  it('outlives what handlers can throw: nothing, text, null, frozen errors, thenables that throw', async () => {
    const OddFn = defineFunction(
      Odd,
      {
        state: () => ({ done: [] as string[] }),
        invoke(_ctx, what): void | Promise<void> {
          if (what === 'undefined') throw undefined;
          if (what === 'null') throw null;
          if (what === 'text') throw 'text';
          if (what === 'frozen') throw Object.freeze(new Error('frozen'));
          if (what === 'rejects undefined') return Promise.reject(undefined);
          if (what === 'thenable') return throwingThenable as never;
          this.done.push(what);
        },
      },
      { retry: { maxAttempts: 1 } },
    );
    await using app = await TestApplication.start({ modules: [moduleOf(OddFn)] });
    const bad = ['undefined', 'null', 'text', 'frozen', 'rejects undefined', 'thenable'];
    for (const what of [...bad, 'fine']) await app.client.send(Odd.at('1'), what);
    await app.settle();
    await app.checkpoint();
    expect(app.deadLetters.map(({ message }) => message)).to.deep.equal(bad);
    expect(await app.state(Odd.at('1'))).to.deep.equal({ done: ['fine'] });
  });

  it('keeps a left-over promise of a failed attempt away from the attempt that follows', async () => {
    const late = gate<void>();
    const second = gate<void>();
    const OddFn = defineFunction(
      Odd,
      {
        state: () => ({ done: [] as string[], map: PersistedMap.of<string, number>() }),
        async invoke(ctx, what) {
          if (what === 'seed') {
            this.map.set('a', 1);
            return;
          }
          if (ctx.attempt === 1) {
            void late.promise.then(() => {
              this.done.push('ghost');
              this.map.set('ghost', 1);
            });
            throw new Error('fails');
          }
          await second.promise;
          this.done.push(what);
          this.map.set(what, 2);
        },
      },
      { retry: { backoff: { initial: 10 } } },
    );
    await using app = await TestApplication.start({ modules: [moduleOf(OddFn)] });
    await app.client.send(Odd.at('1'), 'seed');
    await app.client.send(Odd.at('1'), 'x');
    await app.advance('100ms');
    late.open();
    await app.settle();
    second.open();
    await app.settle();
    const map = new Map([
      ['a', 1],
      ['x', 2],
    ]);
    expect(await app.state(Odd.at('1'))).to.deep.equal({ done: ['x'], map });
  });

  it('refuses a send to a function that nobody binds where it is made', async () => {
    const Nowhere = FunctionType.of<string>('test/nowhere');
    const OddFn = defineFunction(
      Odd,
      {
        state: () => ({ n: 0 }),
        invoke(ctx, what) {
          this.n += 1;
          ctx.send(Nowhere.at('1'), what);
        },
      },
      { retry: { maxAttempts: 1 } },
    );
    await using app = await TestApplication.start({ modules: [moduleOf(OddFn)] });
    await app.client.send(Odd.at('1'), 'x');
    await app.checkpoint();
    expect(app.deadLetters.map(({ code }) => code)).to.deep.equal(['SF_UNBOUND_FUNCTION']);
    expect(await app.state(Odd.at('1'))).to.deep.equal({ n: 0 });
  });

  it('outlives a cancellation of what is no token: refused where it is made', async () => {
    const OddFn = defineFunction(
      Odd,
      {
        state: () => ({ tokens: new Map<string, CancellationToken>() }),
        invoke(ctx, what) {
          if (what === 'missing') ctx.cancel(this.tokens.get('none') as CancellationToken);
          if (what === 'plain') ctx.cancel({ timerId: '0'.repeat(32), dueMs: 1e15 } as CancellationToken);
          if (what === 'made up') ctx.cancel(new CancellationToken('mine', 1e15, ctx.self));
        },
      },
      { retry: { maxAttempts: 1 } },
    );
    await using app = await TestApplication.start({ modules: [moduleOf(OddFn)] });
    for (const what of ['missing', 'plain', 'made up']) await app.client.send(Odd.at('1'), what);
    await app.checkpoint();
    expect(app.deadLetters.map(({ code }) => code)).to.deep.equal(new Array(3).fill('SF_UNSUPPORTED_VALUE'));
  });

  it('goes on with the next message after many failures in a row at one address', async () => {
    const OddFn = defineFunction(
      Odd,
      {
        state: () => ({ done: 0 }),
        invoke(_ctx, what) {
          if (what === 'bad') throw new Error('bad');
          this.done += 1;
        },
      },
      { retry: { maxAttempts: 1 } },
    );
    const Flood = FunctionType.of<number>('test/flood');
    const FloodFn = defineFunction(Flood, {
      invoke(ctx, count) {
        for (let i = 0; i < count; i += 1) ctx.send(Odd.at('1'), 'bad');
        ctx.send(Odd.at('1'), 'good');
      },
    });
    await using app = await TestApplication.start({ modules: [moduleOf(OddFn, FloodFn)] });
    await app.client.send(Flood.at('f'), 20_000);
    await app.settle();
    expect(await app.state(Odd.at('1'))).to.deep.equal({ done: 1 });
  });
});

const throwingThenable = {
  // biome-ignore lint/suspicious/noThenProperty: what a handler may return.
  then() {
    throw new Error('then throws');
  },
};

describe('A message that is nested as deep as a message may be', () => {
  it('waits in a checkpoint as any other, and the next level is refused where it is sent', async () => {
    const Deep = FunctionType.of<unknown>('test/deep');
    const nested = (levels: number): unknown => (levels === 0 ? 'x' : [nested(levels - 1)]);
    const DeepFn = defineFunction(Deep, {
      state: () => ({ depths: [] as number[] }),
      invoke(ctx, message) {
        if (typeof message === 'number') ctx.sendAfter('1h', Deep.at('1'), nested(message));
        else {
          let depth = 0;
          for (let part = message; Array.isArray(part); part = part[0]) depth += 1;
          this.depths.push(depth);
        }
      },
    });
    await using app = await TestApplication.start({ modules: [moduleOf(DeepFn)] });
    await app.client.send(Deep.at('1'), 500);
    await app.checkpoint();
    await app.crash();
    await app.restart();
    await app.advance('2h');
    expect(await app.state(Deep.at('1'))).to.deep.equal({ depths: [500] });
    expect(await app.client.send(Deep.at('1'), nested(501)).catch((error: { code: string }) => error.code)).to.equal(
      'SF_UNSUPPORTED_VALUE',
    );
  });
});
