import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { ManifestLog } from '../../src/checkpoint/manifest-log.js';
import { Savepoints } from '../../src/checkpoint/savepoints.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { rejection } from './coded.js';
import { FaultyBlobStore, failsAfter, failsBefore } from './faulty-blob-store.js';
import { checkpoint, segment } from './manifests.js';

describe('Savepoints', () => {
  const platform = new VirtualPlatform();
  let store: FaultyBlobStore;
  let log: ManifestLog;
  let savepoints: Savepoints;

  beforeEach(async () => {
    store = new FaultyBlobStore(new MemoryBlobStore());
    await start();
    await log.append(checkpoint(1, { segments: [segment('parts/a')] }));
  });

  async function start(): Promise<void> {
    log = await ManifestLog.open(store, platform);
    await log.beginEpoch('i');
    savepoints = new Savepoints(store, platform, log, { attempts: 2 });
  }

  it('copies the last manifest, and notes it in the log', async () => {
    const made = await savepoints.create('v1.2_before-migration');
    expect(made.manifest).to.equal(log.base);
    expect(log.last).to.include({ kind: 'savepoint', name: 'v1.2_before-migration', of: 2, token: made.token });
    const others = new Savepoints(store, platform, await ManifestLog.open(store, platform));
    expect(await others.read('v1.2_before-migration')).to.deep.equal(made);
    expect(await others.list()).to.deep.equal(['v1.2_before-migration']);
  });

  it('refuses a name that is taken, also by a rival of the same moment', async () => {
    await savepoints.create('a');
    await rejection('SF_SAVEPOINT_EXISTS', savepoints.create('a'));
    const rivals = await Promise.allSettled([savepoints.create('b'), savepoints.create('b')]);
    expect(rivals.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected']);
    expect(rivals[1]).to.have.nested.property('reason.code', 'SF_SAVEPOINT_EXISTS');
    expect(await savepoints.list()).to.deep.equal(['a', 'b']);
    expect(savepoints.oldestInMaking).to.equal(Number.POSITIVE_INFINITY);
  });

  it('names what there is when asked for what there is not', async () => {
    expect((await rejection('SF_UNKNOWN_SAVEPOINT', savepoints.read('a'))).message).to.contain('there are none');
    await savepoints.create('b');
    expect((await rejection('SF_UNKNOWN_SAVEPOINT', savepoints.read('a'))).message).to.contain('there are b');
  });

  it('refuses names that could leave its folder', async () => {
    for (const name of ['', '..', '.hidden', 'a/b', '../log/1', 'ä', 'x'.repeat(129)]) {
      await rejection('SF_INVALID_NAME', savepoints.create(name));
      await rejection('SF_INVALID_NAME', savepoints.read(name));
    }
  });

  it('recognizes its own blob after a failure that came too late', async () => {
    store.next('put', (proceed) => proceed(), failsAfter);
    await savepoints.create('a');
    expect(await savepoints.list()).to.deep.equal(['a']);
  });

  it('is finished by the next epoch when its maker could not', async () => {
    store.next('put', (proceed) => proceed(), failsBefore, failsBefore);
    await rejection('SF_STORAGE', platform.run(savepoints.create('a')));
    expect(await savepoints.list()).to.deep.equal([]);
    expect(savepoints.oldestInMaking, 'still pinned').to.equal(2);
    await start();
    await savepoints.finish();
    expect(await savepoints.list()).to.deep.equal(['a']);
    expect(savepoints.pinned()).to.deep.equal([log.base]);
  });

  it('cannot be made by a process that was fenced', async () => {
    const fenced = savepoints;
    await start();
    await rejection('SF_FENCED', fenced.create('a'));
    expect(await savepoints.list()).to.deep.equal([]);
  });

  it('reports damage', async () => {
    await savepoints.create('a');
    const bytes = (await store.inner.get('savepoints/a')) as Uint8Array;
    await store.inner.delete('savepoints/a');
    await store.inner.put(
      'savepoints/a',
      bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
    );
    await start();
    expect((await rejection('SF_DAMAGED', savepoints.read('a'))).message).to.contain('savepoints/a is damaged');
    await rejection('SF_DAMAGED', savepoints.finish());
  });
});
