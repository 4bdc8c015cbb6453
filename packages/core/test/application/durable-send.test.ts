import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import { MemorySink } from '../../src/io/memory-sink.js';
import { MemorySource } from '../../src/io/memory-source.js';
import type { FileHandle } from '../../src/ports/file-system.js';
import { silentLogger } from '../../src/ports/logger.js';
import { SimulatedDisk } from '../../src/testing/simulated-disk.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { Tally, tallyModule } from './tally.js';

/** A file system, and what it is asked to do. */
function recorded(files: SimulatedDisk): { readonly files: SimulatedDisk; readonly asked: string[] } {
  const asked: string[] = [];
  const recording = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (_, name) => {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        return async (...given: unknown[]) => {
          asked.push(String(name));
          const result: unknown = await value.apply(target, given);
          return name === 'open' ? recording(result as FileHandle) : result;
        };
      },
    });
  return { files: recording(files), asked };
}

describe('A durable send', () => {
  const start = (platform: VirtualPlatform) =>
    platform.run(
      Application.from(tallyModule({ source: new MemorySource(), sink: new MemorySink() })).start({
        platform,
        logger: silentLogger,
        handleSignals: false,
        checkpoints: { directory: '/state', interval: '1h', keep: 1 },
      }),
    );

  it('costs one small file, and the two syncs that make it durable', async () => {
    const { files, asked } = recorded(new SimulatedDisk());
    const platform = new VirtualPlatform({ files });
    const app = await start(platform);
    await platform.run(app.client.send(Tally.at('a'), 1));
    await platform.settle();
    for (let round = 0; round < 3; round += 1) {
      asked.length = 0;
      await platform.run(Promise.all([1, 2, 3].map((weight) => app.client.send(Tally.at('a'), weight))));
      await platform.settle();
      expect(asked.sort()).to.deep.equal(['close', 'link', 'open', 'sync', 'syncDirectory', 'unlink', 'write']);
    }
    await platform.run(app.stop());
  });

  it('is there, once, after a loss of power at any operation', async () => {
    // So many that inlined parts are compacted, manifests are deleted, and a savepoint is made on the way.
    const sends = 24;
    let isCut = true;
    // A commit is seven operations: each of them is met in some commit.
    for (let cut = 0; isCut; cut += 3) {
      const disk = new SimulatedDisk({ seed: cut });
      const platform = new VirtualPlatform({ files: disk, seed: cut });
      const app = await start(platform);
      let acknowledged = 0;
      let sent = 0;
      const sending = async () => {
        for (; sent < sends; acknowledged += 1) {
          if (sent === 12) await app.savepoint('twelve');
          sent += 1;
          await app.client.send(Tally.at('a'), 1);
        }
      };
      disk.crashAfter(cut, 'hang');
      void sending();
      await platform.advance(1_000);
      isCut = acknowledged < sends;
      disk.crash();
      const later = new VirtualPlatform({ files: disk, seed: cut, startMs: platform.clock.now() });
      const again = await start(later);
      await later.advance(1_000);
      const { sum } = (await later.run(again.stateOf(Tally.at('a')))) as { sum: number };
      expect(sum, `after ${cut} operations`).to.be.within(acknowledged, sent);
      await later.run(again.stop());
    }
  });
});
