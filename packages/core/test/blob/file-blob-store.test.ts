import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { FileBlobStore } from '../../src/blob/file-blob-store.js';
import { nodePlatform } from '../../src/node/node-platform.js';
import { blobStoreConformance } from '../../src/testing/blob-store-conformance.js';
import type { DiskOperation } from '../../src/testing/disk-faults.js';
import { SeededRandom } from '../../src/testing/seeded-random.js';
import { SimulatedDisk } from '../../src/testing/simulated-disk.js';

blobStoreConformance('FileBlobStore on the host', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'blobs-'));
  const { files, random } = nodePlatform();
  return {
    store: new FileBlobStore(files, random, join(directory, 'new', 'store')),
    cleanup: () => rm(directory, { recursive: true }),
  };
});

blobStoreConformance('FileBlobStore on a simulated disk', async () => ({
  store: storeOn(new SimulatedDisk()),
}));

blobStoreConformance('FileBlobStore that nodes share', async () => ({
  store: await storeOn(new SimulatedDisk()).shared(),
}));

describe('FileBlobStore', () => {
  it('is shared without a lock', async () => {
    const disk = new SimulatedDisk();
    const [one, other] = [await storeOn(disk).shared(), await storeOn(disk).shared()];
    expect(one.open).to.equal(undefined);
    expect([await one.put('a', Uint8Array.of(1)), await other.put('a', Uint8Array.of(2))]).to.deep.equal([true, false]);
    expect(await other.get('a')).to.deep.equal(Uint8Array.of(1));
  });

  it('refuses a folder that is in use, and takes it when it is free again', async () => {
    const disk = new SimulatedDisk();
    const first = storeOn(disk);
    await first.open();
    expect(await codeOf(storeOn(disk).open())).to.equal('SF_LOCKED');
    await first.close();
    await storeOn(disk).open();
  });

  it('removes what an interrupted put left behind', async () => {
    const disk = new SimulatedDisk();
    await storeOn(disk).open();
    await disk.open('data/.sf/temporary/leftover', 'create');
    disk.kill();
    await storeOn(disk).open();
    expect(await disk.list('data/.sf/temporary')).to.deep.equal([]);
  });

  it('says that the disk is full, leaves no temporary file, and goes on when there is space', async () => {
    const disk = new SimulatedDisk({ capacity: 100 });
    const store = storeOn(disk);
    await store.open();
    expect(await codeOf(store.put('large', new Uint8Array(101)))).to.equal('SF_STORAGE_FULL');
    expect(await disk.list('data/.sf/temporary')).to.deep.equal([]);
    disk.capacity = 1000;
    expect(await store.put('large', new Uint8Array(101))).to.equal(true);
  });

  for (const operation of ['open', 'write', 'sync', 'close', 'link', 'syncDirectory'] as DiskOperation[]) {
    it(`reports a failing ${operation} of a put with its cause, and leaves no temporary file`, async () => {
      const disk = new SimulatedDisk();
      const store = storeOn(disk);
      await store.open();
      disk.failNext(operation, 'EIO');
      const error = await store.put('a', Uint8Array.of(1)).catch((thrown) => thrown);
      expect(error).to.have.property('code', 'SF_STORAGE');
      expect(error.cause).to.have.property('code', 'EIO');
      expect(await disk.list('data/.sf/temporary')).to.deep.equal([]);
    });
  }

  it('never takes damage for absence', async () => {
    const disk = new SimulatedDisk();
    const store = storeOn(disk);
    await store.open();
    await store.put('a', Uint8Array.of(1));
    disk.failNext('open', 'EIO');
    expect(await codeOf(store.get('a'))).to.equal('SF_STORAGE');
    disk.failNext('list', 'EACCES');
    expect(await codeOf(store.list(''))).to.equal('SF_STORAGE');
  });

  it('makes a blob durable before it says that the name is taken', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const disk = new SimulatedDisk({ seed });
      const store = storeOn(disk);
      await store.open();
      await store.put('log/0', Uint8Array.of(0));
      disk.failNext('syncDirectory', 'EIO');
      expect(await codeOf(store.put('log/1', Uint8Array.of(1)))).to.equal('SF_STORAGE');
      expect(await store.put('log/1', Uint8Array.of(2))).to.equal(false);
      disk.crash();
      expect(await store.get('log/1')).to.deep.equal(Uint8Array.of(1));
    }
  });

  it('keeps what was acknowledged, whole, and no half of anything else, wherever power is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.nat(100), async (seed, cut) => {
        const disk = new SimulatedDisk({ seed });
        const put = new Set<string>();
        const deleted = new Set<string>();
        disk.crashAfter(cut);
        await work(storeOn(disk), put, deleted).catch(() => undefined);
        disk.crash();

        const store = storeOn(disk);
        await store.open();
        const found = await store.list('');
        for (const name of put) expect(found, `after ${cut} operations`).to.include(name);
        for (const name of deleted) expect(found, `after ${cut} operations`).not.to.include(name);
        for (const name of found) expect(await store.get(name)).to.deep.equal(bodyOf(name));
        expect(await disk.list('data/.sf/temporary')).to.deep.equal([]);
      }),
      { numRuns: 1000 },
    );
  });
});

/** Puts and deletes; a name is in `put` or `deleted` only while that is acknowledged and nothing newer was begun. */
async function work(store: FileBlobStore, put: Set<string>, deleted: Set<string>): Promise<void> {
  const create = async (name: string) => {
    await store.put(name, bodyOf(name));
    put.add(name);
  };
  const remove = async (name: string) => {
    put.delete(name);
    await store.delete(name);
    deleted.add(name);
  };
  await store.open();
  await create('log/1');
  await Promise.all([create('segments/1/a'), create('segments/1/b'), create('segments/2/a')]);
  await create('log/2');
  await Promise.all([remove('log/1'), remove('segments/1/a')]);
  await create('log/3');
}

function bodyOf(name: string): Uint8Array {
  return new TextEncoder().encode(name.repeat(50));
}

function storeOn(disk: SimulatedDisk): FileBlobStore {
  return new FileBlobStore(disk, new SeededRandom(disk.operations), 'data/.sf');
}

async function codeOf(failing: Promise<unknown>): Promise<unknown> {
  return failing.then(
    () => 'no error',
    (error) => error.code,
  );
}
