import { expect } from 'chai';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { TestApplication } from '../../src/testing/test-application.js';
import { gate, moduleOf, out } from './functions-module.js';

const Slow = FunctionType.of<string>('test/slow');
const Source = FunctionType.of<{ count: number; hops: string[] }>('test/source');
const Target = FunctionType.of<{ n: number; hops: string[] }>('test/target');

describe('An asynchronous handler', () => {
  it('runs one at a time at its address while others go on, its effects held until it ends', async () => {
    const gates = new Map<string, ReturnType<typeof gate<void>>>();
    const begun: string[] = [];
    const SlowFn = defineFunction(Slow, {
      state: () => ({ done: [] as string[] }),
      async invoke(ctx, name) {
        begun.push(name);
        const waits = gate<void>();
        gates.set(name, waits);
        ctx.send(out, name);
        await waits.promise;
        this.done.push(name);
      },
    });
    await using app = await TestApplication.start({ modules: [moduleOf(SlowFn)] });
    for (const [id, name] of [
      ['1', '1a'],
      ['1', '1b'],
      ['2', '2a'],
    ] as const)
      await app.client.send(Slow.at(id), name);
    await app.checkpoint();
    expect(begun).to.deep.equal(['1a', '2a']);
    gates.get('2a')?.open();
    await app.checkpoint();
    expect(app.egress(out)).to.deep.equal(['2a']);
    gates.get('1a')?.open();
    await app.checkpoint();
    expect(begun).to.deep.equal(['1a', '2a', '1b']);
    // The one that runs is in the checkpoint as a message still to be handled.
    await app.crash();
    await app.restart();
    await app.settle();
    expect(begun).to.deep.equal(['1a', '2a', '1b', '1b']);
    gates.get('1b')?.open();
    await app.checkpoint();
    expect(await app.state(Slow.at('1'))).to.deep.equal({ done: ['1a', '1b'] });
    expect(app.egress(out)).to.deep.equal(['2a', '1a', '1b']);
  });

  it('is aborted at its timeout and tried again; what its promise does later has no effect', async () => {
    const late = gate<void>();
    const reasons: unknown[] = [];
    const attempts: number[] = [];
    let failedLate: unknown;
    const SlowFn = defineFunction(
      Slow,
      {
        state: () => ({ done: [] as string[], deep: { n: 0 } }),
        async invoke(ctx, name) {
          attempts.push(ctx.attempt);
          if (ctx.attempt > 1 || name === 'b') {
            this.done.push(name);
            return;
          }
          ctx.signal.addEventListener('abort', () => reasons.push(ctx.signal.reason.code));
          await late.promise;
          this.done.push('ghost');
          this.deep.n = 13;
          try {
            ctx.send(out, 'ghost');
          } catch (error) {
            failedLate = error;
          }
        },
      },
      { timeout: '5s', retry: { backoff: { initial: 100 } } },
    );
    await using app = await TestApplication.start({ modules: [moduleOf(SlowFn)] });
    await app.client.send(Slow.at('1'), 'a');
    await app.client.send(Slow.at('1'), 'b');
    await app.advance('4900ms');
    expect(reasons).to.deep.equal([]);
    await app.advance('300ms');
    expect(reasons).to.deep.equal(['SF_HANDLER_TIMEOUT']);
    expect(attempts).to.deep.equal([1, 2, 1]);
    late.open();
    await app.advance('10s');
    await app.checkpoint();
    expect(failedLate).to.have.property('code', 'SF_CONTEXT_ENDED');
    expect(await app.state(Slow.at('1'))).to.deep.equal({ done: ['a', 'b'], deep: { n: 0 } });
    expect(app.egress(out)).to.deep.equal([]);
  });

  it('that never ends is a dead letter with SF_HANDLER_TIMEOUT, and its address goes on', async () => {
    const SlowFn = defineFunction(
      Slow,
      {
        state: () => ({ done: [] as string[] }),
        invoke(_ctx, name): void | Promise<void> {
          if (name === 'hangs') return new Promise(() => {});
          this.done.push(name);
        },
      },
      { timeout: '1s', retry: { maxAttempts: 2 } },
    );
    await using app = await TestApplication.start({ modules: [moduleOf(SlowFn)] });
    await app.client.send(Slow.at('1'), 'hangs');
    await app.client.send(Slow.at('1'), 'next');
    await app.advance('10s');
    await app.checkpoint();
    expect(app.deadLetters.map(({ code, attempts }) => [code, attempts])).to.deep.equal([['SF_HANDLER_TIMEOUT', 2]]);
    expect(await app.state(Slow.at('1'))).to.deep.equal({ done: ['next'] });
  });
});

describe('Messages from one address to another', () => {
  it('arrive in the order sent, through async handlers, retries, and a crash', async () => {
    const SourceFn = defineFunction(Source, {
      state: () => ({ sent: 0 }),
      async invoke(ctx, { count, hops }) {
        for (let i = 0; i < count; i += 1) {
          if (i % 7 === 0) await Promise.resolve();
          ctx.send(Target.at('t'), { n: this.sent, hops });
          this.sent += 1;
        }
      },
    });
    const TargetFn = defineFunction(
      Target,
      {
        state: () => ({ got: [] as number[] }),
        invoke(ctx, { n }): void | Promise<void> {
          if (n % 5 === 3 && ctx.attempt < 2) throw new Error('not yet');
          this.got.push(n);
          if (n % 3 === 0) return Promise.resolve();
        },
      },
      { retry: { backoff: { initial: 100 } } },
    );
    await using app = await TestApplication.start({ modules: [moduleOf(SourceFn, TargetFn)] });
    for (let round = 0; round < 5; round += 1) {
      await app.client.send(Source.at('s'), { count: 20, hops: [] });
      await app.advance(170);
      await app.checkpoint();
      await app.advance(90);
      await app.crash();
      await app.restart();
    }
    await app.advance('1m');
    expect(await app.state(Target.at('t'))).to.deep.equal({ got: Array.from({ length: 100 }, (_, n) => n) });
  });

  it('are values: what sender and receiver do to theirs later does not show', async () => {
    const received: string[][] = [];
    const SourceFn = defineFunction(Source, {
      state: () => ({ kept: [] as string[] }),
      invoke(ctx, { hops }) {
        const message = { n: 1, hops };
        ctx.send(Target.at('t'), message);
        message.hops.push('after the send');
        ctx.send(Target.at('t'), message);
        ctx.send(out, message);
        message.n = 99;
        message.hops.push('after the second');
        this.kept = hops;
      },
    });
    const TargetFn = defineFunction(Target, {
      state: () => ({ got: [] as string[][] }),
      invoke(_ctx, { hops }) {
        received.push([...hops]);
        this.got.push(hops);
        hops.push('by the receiver');
      },
    });
    await using app = await TestApplication.start({ modules: [moduleOf(SourceFn, TargetFn)] });
    const given = { count: 0, hops: ['given'] };
    await app.client.send(Source.at('s'), given);
    await app.checkpoint();
    expect(given.hops).to.deep.equal(['given']);
    expect(received).to.deep.equal([['given'], ['given', 'after the send']]);
    expect(app.egress(out)).to.deep.equal([{ n: 1, hops: ['given', 'after the send'] }]);
    expect(await app.state(Source.at('s'))).to.deep.equal({ kept: ['given', 'after the send', 'after the second'] });
  });
});
