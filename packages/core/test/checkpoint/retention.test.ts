import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { blobsOf, type CheckpointEntry, condemnedBy } from '../../src/checkpoint/manifest.js';
import { entryName, ManifestLog } from '../../src/checkpoint/manifest-log.js';
import { newPartName } from '../../src/checkpoint/part-name.js';
import { Retention, type RetentionOptions } from '../../src/checkpoint/retention.js';
import { Savepoints } from '../../src/checkpoint/savepoints.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { FaultyBlobStore, failsBefore } from './faulty-blob-store.js';
import { checkpoint, segment } from './manifests.js';

const platform = new VirtualPlatform();

/** A process with an epoch of its own on a store. */
class Process {
  number = 0;

  private constructor(
    readonly store: FaultyBlobStore,
    readonly log: ManifestLog,
    readonly savepoints: Savepoints,
    readonly retention: Retention,
  ) {}

  static async start(store: FaultyBlobStore, options: RetentionOptions = { keep: 1 }): Promise<Process> {
    const log = await ManifestLog.open(store, platform);
    await log.beginEpoch('i');
    const savepoints = new Savepoints(store, platform, log, { attempts: 2 });
    const process = new Process(store, log, savepoints, new Retention(store, log, savepoints, options));
    process.number = log.base?.kind === 'checkpoint' ? log.base.checkpoint : 0;
    return process;
  }

  async blob(): Promise<string> {
    const name = newPartName(platform, this.log.epoch, 'i');
    await this.store.put(name, Uint8Array.of(1));
    return name;
  }

  /** Commits a checkpoint whose live segments are in these blobs. */
  commit(...blobs: string[]): Promise<CheckpointEntry> {
    this.number += 1;
    const manifest = checkpoint(this.number, { segments: blobs.map(segment) });
    const previous = this.log.base?.kind === 'checkpoint' ? this.log.base : undefined;
    return this.log.append({ ...manifest, condemned: condemnedBy(manifest, previous) });
  }

  parts(): Promise<string[]> {
    return this.store.list('parts/');
  }
}

describe('Retention', () => {
  let store: FaultyBlobStore;

  beforeEach(() => {
    store = new FaultyBlobStore(new MemoryBlobStore());
  });

  it('keeps the newest manifests and what they refer to, and deletes manifests before their blobs', async () => {
    const process = await Process.start(store, { keep: 2 });
    const blobs: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      blobs.push(await process.blob());
      await process.commit(...blobs.slice(-2));
      await process.retention.collect();
    }
    expect(await store.list('log/')).to.deep.equal([1, 4, 5].map(entryName));
    expect(await process.parts()).to.have.members(blobs.slice(1));
    const deleted = store.calls.filter((call) => call.startsWith('delete'));
    expect(deleted).to.deep.equal([`delete ${entryName(2)}`, `delete ${entryName(3)}`, `delete ${blobs[0]}`]);
  });

  it('leaves blobs of the running epoch that nobody refers to yet, until their attempt is given up', async () => {
    const process = await Process.start(store);
    const pending = await process.blob();
    await process.commit(await process.blob());
    await process.retention.sweep();
    await process.retention.collect();
    expect(await process.parts()).to.include(pending);
    process.retention.discard([pending]);
    await process.retention.collect();
    expect(await process.parts()).to.not.include(pending);
  });

  it('deletes what earlier epochs left, and nothing that is needed', async () => {
    const first = await Process.start(store);
    const [live, left] = [await first.blob(), await first.blob()];
    await first.commit(live);
    await store.put('parts/foreign', Uint8Array.of(1));
    const second = await Process.start(store);
    const own = await second.blob();
    await second.retention.sweep();
    await second.retention.collect();
    expect(await second.parts()).to.have.members([live, own, 'parts/foreign']);
    expect(await second.parts()).to.not.include(left);
  });

  it('keeps what a worker still reads from', async () => {
    const process = await Process.start(store);
    const [a, b] = [await process.blob(), await process.blob()];
    const { index } = await process.commit(a);
    await process.commit(b);
    await process.retention.collect(index);
    expect(await process.parts()).to.have.members([a, b]);
    expect(await process.log.read(index)).to.not.equal(undefined);
    await process.retention.collect();
    expect(await process.parts()).to.deep.equal([b]);
  });

  it('goes on with what it could not delete', async () => {
    const process = await Process.start(store);
    const [a, b] = [await process.blob(), await process.blob()];
    await process.commit(a);
    await process.commit(b);
    for (let failures = 0; failures < 2; failures += 1) {
      if (failures === 1) store.next('delete', (proceed) => proceed());
      store.next('delete', failsBefore);
      await process.retention.collect().then(
        () => expect.fail('the failure was hidden'),
        () => undefined,
      );
    }
    await process.retention.collect();
    expect(await process.parts()).to.deep.equal([b]);
    expect(await store.list('log/')).to.deep.equal([1, 3].map(entryName));
  });

  it('keeps what a savepoint pins, also across restarts', async () => {
    let process = await Process.start(store);
    const [a, b, c] = [await process.blob(), await process.blob(), await process.blob()];
    await process.commit(a, b);
    const savepoint = await process.savepoints.create('before');
    await process.commit(c);
    await process.retention.collect();
    process = await Process.start(store);
    const d = await process.blob();
    await process.commit(d);
    await process.retention.sweep();
    await process.retention.collect();
    expect(await process.parts()).to.have.members([a, b, d]);
    const { manifest } = await process.savepoints.read('before');
    expect(manifest).to.deep.equal(savepoint.manifest);
    for (const blob of blobsOf(manifest)) expect(await store.get(blob)).to.not.equal(undefined);
  });

  it('keeps what a savepoint needs whose maker sleeps before it wrote the blob', async () => {
    const old = await Process.start(store);
    const [a, b] = [await old.blob(), await old.blob()];
    await old.commit(a);
    let wake = () => {};
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const announced = new Promise<void>((resolve) => {
      store.next(
        'put',
        (proceed) => proceed(),
        async (proceed) => {
          resolve();
          await asleep;
          return proceed();
        },
      );
    });
    const creating = old.savepoints.create('late');
    await announced;
    await old.commit(b);
    await old.retention.collect();
    expect(await old.parts(), 'while its own process goes on').to.include(a);

    const next = await Process.start(store);
    const c = await next.blob();
    await next.commit(c);
    await next.retention.sweep();
    await next.retention.collect();
    expect(await next.parts(), 'when another took over').to.have.members([a, c]);
    wake();
    const savepoint = await creating;
    expect(await next.savepoints.read('late')).to.deep.equal(savepoint);
  });
});
