import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { Assignment } from '../../src/cluster/assignment.js';
import type { EpochPlan } from '../../src/cluster/directive.js';
import { MemorySource } from '../../src/io/memory-source.js';
import type { EgressSink } from '../../src/ports/egress-sink.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { Egress } from '../../src/sdk/egress.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { Ingress } from '../../src/sdk/ingress.js';
import type { StatefulFunctionModule } from '../../src/sdk/module.js';
import { keyGroupOf } from '../../src/state/key-group.js';
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

  it('reads no more while another worker is behind, and goes on when it is not', async () => {
    const platform = new VirtualPlatform();
    const count = 30_000;
    let handled = 0;
    const SlowFn = defineFunction(Source, {
      async invoke(ctx) {
        await new Promise<void>((resolve) => void platform.scheduler.after(ctx.self.id.length, resolve));
        handled += 1;
      },
    });
    const numbers = Ingress.of<number>('test/numbers');
    const source = new MemorySource<number>();
    let ids: readonly string[] = [];
    const module: StatefulFunctionModule = {
      configure(_config, binder) {
        binder.bindIngress(numbers, source);
        binder.bindFunctions(SlowFn);
        binder.bindRouter(numbers, (number, to) => to.forward(Source.at(ids[number % ids.length] as string), number));
      },
    };
    const several = new SeveralParticipants({ platform, module, workers: 3, maxBacklog: 500 });
    await platform.run(several.start());
    // Few addresses, so that their queues are long, and none at the worker that reads.
    const { assignment } = several.coordinator.plan as EpochPlan;
    const reader = Assignment.from(assignment).workers.find(({ ingresses }) => ingresses.length > 0);
    const isElsewhere = (id: string) => !reader?.ranges.contains(keyGroupOf(id, assignment.maxParallelism));
    ids = Array.from({ length: 9 }, (_, number) => `slow-${number}`).filter(isElsewhere);
    source.push(...Array.from({ length: count }, (_, number) => number));
    source.end();
    let most = 0;
    while (several.drained === 0) {
      await platform.advance(50);
      for (const { status } of several.participants) most = Math.max(most, status.backlog);
    }
    expect(handled).to.equal(count);
    // Records are read by the thousand, and some thousands are read before the word has gone round.
    expect(most).to.be.within(500, 6_000);
    expect(several.failures).to.deep.equal([]);
    await platform.run(several.stop());
  }).timeout(60_000);

  it('has published everything by when it is drained, and knows at the next start', async () => {
    expect(await drainAndStartAgain(1)).to.deep.equal({ drained: count, again: 0 });
  });

  it('waits for its slow sinks when it is drained, though another worker has cut', async () => {
    expect(await drainAndStartAgain(3)).to.deep.equal({ drained: count, again: 0 });
  });
});
