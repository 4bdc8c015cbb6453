import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import type { EgressSink } from '../../src/ports/egress-sink.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { Egress } from '../../src/sdk/egress.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import type { StatefulFunctionModule } from '../../src/sdk/module.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { SeveralParticipants } from './several-participants.js';

const Source = FunctionType.of<number>('test/source');
const out = Egress.of<number>('test/out');

describe('EpochWorker', () => {
  // Batches are large, so it takes many records to need several of them.
  const count = 20_000;

  /** How many records are published, by when all is drained and after another start, to a slow sink that has no position. */
  async function drainAndStartAgain(workers: number): Promise<{ drained: number; again: number }> {
    const platform = new VirtualPlatform();
    const store = new MemoryBlobStore();
    let published = 0;
    const sink: EgressSink<number> = {
      open: async () => undefined,
      publish: async ({ length }) => {
        await new Promise<void>((resolve) => void platform.scheduler.after(500, resolve));
        published += length;
        return undefined;
      },
      close: async () => undefined,
    };
    const SourceFn = defineFunction(Source, {
      invoke(ctx, records) {
        for (let n = 0; n < records; n += 1) ctx.send(out, n);
      },
    });
    const module: StatefulFunctionModule = {
      configure(_config, binder) {
        binder.bindEgress(out, sink);
        binder.bindFunctions(SourceFn);
      },
    };
    const first = new SeveralParticipants({ platform, module, workers, store });
    await platform.run(first.start());
    first.participants[0]?.submit({
      message: [Source.at('a'), count, undefined, undefined, {}, undefined, 'f'.repeat(32), 1, 0, undefined, false],
      committed: undefined,
    });
    await platform.settle();
    await platform.run(first.coordinator.drain());
    const drained = published;
    await platform.run(first.stop());
    const second = new SeveralParticipants({ platform, module, workers, store });
    await platform.run(second.start());
    await platform.advance(60_000);
    await platform.run(second.stop());
    expect([...first.failures, ...second.failures]).to.deep.equal([]);
    return { drained, again: published - drained };
  }

  it('has published everything by when it is drained, and knows at the next start', async () => {
    expect(await drainAndStartAgain(1)).to.deep.equal({ drained: count, again: 0 });
  });

  it('waits for its slow sinks when it is drained, though another worker has cut', async () => {
    expect(await drainAndStartAgain(3)).to.deep.equal({ drained: count, again: 0 });
  });
});
