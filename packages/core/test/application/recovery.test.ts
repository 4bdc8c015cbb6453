import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import type { RunningApplication } from '../../src/application/running-application.js';
import { MemorySink } from '../../src/io/memory-sink.js';
import { MemorySource } from '../../src/io/memory-source.js';
import { silentLogger } from '../../src/ports/logger.js';
import type { Context } from '../../src/sdk/context.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { Egress } from '../../src/sdk/egress.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import { type Binder, Module, type StatefulFunctionModule } from '../../src/sdk/module.js';
import { SimulatedDisk } from '../../src/testing/simulated-disk.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';

interface Visit {
  readonly number: number;
  readonly waitMs?: number;
  readonly failures?: number;
}

const Guest = FunctionType.of<Visit>('test/guest');
const visits = Ingress.of<Visit>('test/visits');
const seen = Egress.of<{ number: number; visits: number; luggage: number }>('test/seen');

/** Guests with more luggage than one read of a segment brings into memory. */
const luggage = 'x'.repeat(1_000_000);

describe('Recovery', () => {
  let disk: SimulatedDisk;
  let platform: VirtualPlatform;
  let source: MemorySource<Visit>;
  let sink: MemorySink<{ number: number; visits: number; luggage: number }>;

  beforeEach(() => {
    disk = new SimulatedDisk();
    source = new MemorySource<Visit>();
    sink = new MemorySink();
  });

  const GuestFn = defineFunction(
    Guest,
    {
      state: () => ({ visits: 0, luggage: '' }),
      invoke(ctx: Context, { number, waitMs = 0, failures = 0 }: Visit): void | Promise<void> {
        this.visits += 1;
        this.luggage = luggage;
        ctx.send(seen, { number, visits: this.visits, luggage: this.luggage.length });
        if (ctx.attempt <= failures) throw new Error('not yet');
        if (waitMs > 0) return new Promise((resolve) => void platform.scheduler.after(waitMs, resolve));
      },
    },
    { retry: { backoff: { initial: '10s' } } },
  );

  @Module()
  class GuestModule implements StatefulFunctionModule {
    configure(_config: ReadonlyMap<string, string>, binder: Binder): void {
      binder.bindIngress(visits, source);
      binder.bindEgress(seen, sink);
      binder.bindFunctions(GuestFn);
      binder.bindRouter(visits, (visit, downstream) => downstream.forward(Guest.at('g'), visit));
    }
  }

  async function start(seed: number): Promise<RunningApplication> {
    const startMs = platform?.clock.now() ?? Date.UTC(2026, 0, 1);
    platform = new VirtualPlatform({ seed, startMs, files: disk });
    const checkpoints = { directory: '/state', interval: '100ms' } as const;
    const starting = Application.from(new GuestModule()).start({
      platform,
      logger: silentLogger,
      handleSignals: false,
      checkpoints,
    });
    return platform.run(starting);
  }

  it('keeps the state of an address whose retry was waiting, though its state is not in memory', async () => {
    await start(1);
    source.push({ number: 1 });
    await platform.advance(1_000);
    source.push({ number: 2, failures: 1 });
    await platform.advance(1_000);
    disk.crash();

    await start(2);
    await platform.advance(20_000);
    expect(sink.values).to.deep.equal([
      { number: 1, visits: 1, luggage: luggage.length },
      { number: 2, visits: 2, luggage: luggage.length },
    ]);
  });

  it('waits for an asynchronous handler without turning while it looks for the message that ends the process', async () => {
    const checkpointed = { number: 1 };
    await start(1);
    source.push(checkpointed);
    await platform.advance(1_000);
    source.push({ number: 2, waitMs: 60 }, { number: 3, waitMs: 60 });
    for (let end = 0; end < 4; end += 1) {
      await platform.advance(50);
      disk.crash();
      await start(2 + end);
    }
    await platform.advance(10_000);
    expect(sink.values.map(({ number }) => number)).to.deep.equal([1, 2, 3]);
  });

  it('ends with what failed first, even when its folder cannot be unlocked either', async () => {
    const app = await start(1);
    source.push({ number: 1 });
    disk.crashAfter(5);
    await platform.advance(600_000);
    const failure = await app.finished.then(
      () => undefined,
      (error: Error) => error,
    );
    expect(failure).to.have.property('code').that.matches(/^SF_/);
  });

  it('ends with a coded error when state cannot be read, and leaves no rejection to nobody', async () => {
    await start(1);
    source.push({ number: 1 });
    await platform.advance(1_000);
    disk.crash();
    const app = await start(2);
    disk.crashAfter(0);
    source.push({ number: 2 });
    await platform.advance(60_000);
    const failure = await app.finished.then(
      () => undefined,
      (error: Error) => error,
    );
    expect(failure).to.have.property('code', 'SF_STORAGE');
  });
});
