import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { MemorySource } from '../../src/io/memory-source.js';
import { silentLogger } from '../../src/ports/logger.js';
import type { Context } from '../../src/sdk/context.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import type { Binder, StatefulFunctionModule } from '../../src/sdk/module.js';
import { Persisted } from '../../src/sdk/persisted.js';
import { PersistedMap } from '../../src/sdk/persisted-map.js';
import { StatefulFunction } from '../../src/sdk/stateful-function.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { rejection } from '../checkpoint/coded.js';

const Leaving = FunctionType.of<string>('test/leaving');
const Staying = FunctionType.of<string>('test/staying');
const words = Ingress.of<string>('test/words');

@StatefulFunction(Leaving, { retry: { maxAttempts: 1_000, backoff: { initial: '1h', max: '1h' } } })
class LeavingFn implements StatefulFunction<string> {
  @Persisted() heard = 0;

  invoke(ctx: Context, word: string): void {
    if (word === 'stuck') throw new Error('not now');
    if (word === 'forget') ctx.forget();
    else if (word !== 'stateless') this.heard += 1;
  }
}

@StatefulFunction(Staying)
class StayingFn implements StatefulFunction<string> {
  @Persisted() heard = 0;

  invoke(ctx: Context, word: string): void {
    this.heard += 1;
    if (word === 'remind soon') ctx.sendAfter('10s', Leaving.at('x'), 'stateless');
    if (word === 'remind late') ctx.sendAfter('300d', Leaving.at('x'), 'stateless');
  }
}

const withBoth = (binder: Binder) => binder.bindFunctions(LeavingFn, StayingFn);
const without = (binder: Binder) => binder.bindFunctions(StayingFn);
const retiring = (binder: Binder) => {
  binder.bindFunctions(StayingFn);
  binder.retire(Leaving);
};

describe('A function or connector that was removed', () => {
  let store: MemoryBlobStore;
  let platform: VirtualPlatform;

  beforeEach(() => {
    store = new MemoryBlobStore();
    platform = new VirtualPlatform();
  });

  const start = (configure: (binder: Binder) => void) => {
    const module: StatefulFunctionModule = { configure: (_config, binder) => configure(binder) };
    const options = {
      platform,
      logger: silentLogger,
      handleSignals: false,
      checkpoints: { store, interval: '30d' as const },
    };
    return platform.run(Application.from(module).start(options));
  };

  /** Has `word` said to a function, in a run of its own that ends with a checkpoint. */
  async function say(to: typeof Leaving, word: string, { id = 'x', configure = withBoth } = {}): Promise<void> {
    const app = await start(configure);
    await platform.run(app.client.send(to.at(id), word));
    await platform.run(app.stop());
  }

  async function isRefused(configure: (binder: Binder) => void, what: string): Promise<void> {
    const blobs = await store.list('');
    const error = await rejection('SF_REMOVED_FUNCTION', start(configure));
    expect(error.message).to.include(what).and.to.include('retire');
    expect(await store.list(''), 'nothing is written').to.deep.equal(blobs);
  }

  it('is missed at start when it has state', async () => {
    await say(Leaving, 'hello');
    await isRefused(without, 'test/leaving');
    const app = await start(withBoth);
    expect(await app.stateOf(Leaving.at('x'))).to.deep.equal({ heard: 1 });
    await platform.run(app.stop());
    await platform.run((await start(retiring)).stop());
  });

  it('is not missed once its state was forgotten, and is as long as any is left', async () => {
    await say(Leaving, 'hello');
    await say(Leaving, 'hello', { id: 'y' });
    await say(Leaving, 'forget');
    await isRefused(without, 'test/leaving/y has state');
    await say(Leaving, 'forget', { id: 'y' });
    await platform.run((await start(without)).stop());
    await say(Leaving, 'hello');
    await isRefused(without, 'test/leaving/x has state');
  });

  it('is not missed for entries of a map that was forgotten with its address', async () => {
    @StatefulFunction(Leaving)
    class Collecting implements StatefulFunction<string> {
      @Persisted() readonly words = PersistedMap.of<string, number>();

      invoke(ctx: Context, word: string): void {
        if (word === 'forget') ctx.forget();
        else this.words.set(word, 1);
      }
    }
    const configure = (binder: Binder) => binder.bindFunctions(Collecting, StayingFn);
    await say(Leaving, 'hello', { configure });
    await isRefused(without, 'test/leaving/x has state');
    await say(Leaving, 'forget', { configure });
    await platform.run((await start(without)).stop());
  });

  it('is missed at start when messages wait for it', async () => {
    await say(Leaving, 'stuck');
    await isRefused(without, 'test/leaving/x');
    await platform.run((await start(retiring)).stop());
  });

  for (const when of ['soon', 'late']) {
    it(`is missed at start when timers are for it that are due ${when}`, async () => {
      await say(Staying, `remind ${when}`);
      await isRefused(without, 'test/leaving');
      const app = await start(retiring);
      await platform.advance(301 * 86_400_000);
      expect(await app.stateOf(Staying.at('x'))).to.deep.equal({ heard: 1 });
      await platform.run(app.stop());
    });
  }

  it('is not missed once its timers have fired', async () => {
    await say(Staying, 'remind soon');
    const app = await start(withBoth);
    await platform.advance(20_000);
    await platform.run(app.stop());
    expect(app.status.invocations).to.equal(1);
    await platform.run((await start(without)).stop());
  });

  it('is missed at start when it is an ingress that was read', async () => {
    const source = new MemorySource(['hello']);
    const reading = (binder: Binder) => {
      binder.bindIngress(words, source);
      binder.bindRouter(words, (word, downstream) => downstream.forward(Staying.at('x'), word));
      binder.bindFunctions(StayingFn);
    };
    const app = await start(reading);
    await platform.advance(2_000);
    await platform.run(app.stop());
    const error = await rejection('SF_REMOVED_CONNECTOR', start(without));
    expect(error.message).to.include('test/words').and.to.include('retire');
    const retired = await start((binder) => {
      without(binder);
      binder.retire(words);
    });
    expect(await retired.stateOf(Staying.at('x'))).to.deep.equal({ heard: 1 });
    await platform.run(retired.stop());
  });

  it('fails the application when it is a persisted name, and nothing is lost once it is back', async () => {
    @StatefulFunction(Leaving)
    class Renamed implements StatefulFunction<string> {
      @Persisted() listened = 0;

      invoke(): void {
        this.listened += 1;
      }
    }
    await say(Leaving, 'hello');
    const app = await start((binder) => binder.bindFunctions(Renamed, StayingFn));
    const sent = app.client.send(Leaving.at('x'), 'hello').catch((error: unknown) => error);
    const failure = await rejection('SF_VANISHED_STATE', platform.run(app.finished));
    expect(failure.message).to.include('"heard"').and.to.include('@Persisted({ name: "heard" })');
    expect(await sent).to.have.property('code', 'SF_STOPPED');
    const back = await start(withBoth);
    expect(await platform.run(back.stateOf(Leaving.at('x')))).to.deep.equal({ heard: 1 });
    await platform.run(back.client.send(Leaving.at('x'), 'again'));
    expect(await back.stateOf(Leaving.at('x'))).to.deep.equal({ heard: 2 });
    await platform.run(back.stop());
  });
});
