import { expect } from 'chai';
import fc from 'fast-check';
import { FileBlobStore } from '../../src/blob/file-blob-store.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { encodeEntry } from '../../src/checkpoint/manifest.js';
import { entryName, ManifestLog } from '../../src/checkpoint/manifest-log.js';
import type { BlobStore } from '../../src/ports/blob-store.js';
import { NotStoredError } from '../../src/sdk/not-stored-error.js';
import { SeededRandom } from '../../src/testing/seeded-random.js';
import { SimulatedDisk } from '../../src/testing/simulated-disk.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { rejection } from './coded.js';
import { answersToItsRetry, FaultyBlobStore, failsAfter, failsBefore } from './faulty-blob-store.js';
import { checkpoint } from './manifests.js';

describe('ManifestLog', () => {
  let platform: VirtualPlatform;
  let store: FaultyBlobStore;

  beforeEach(() => {
    platform = new VirtualPlatform();
    store = new FaultyBlobStore(new MemoryBlobStore());
  });

  function open(on: BlobStore = store): Promise<ManifestLog> {
    return ManifestLog.open(on, platform);
  }

  /** A log whose epoch has begun. */
  async function begun(incarnation = 'a', on: BlobStore = store): Promise<ManifestLog> {
    const log = await open(on);
    await log.beginEpoch(incarnation);
    return log;
  }

  /** Changes what is stored under a name, which no store allows. */
  async function replace(name: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
    const bytes = await store.inner.get(name);
    if (bytes === undefined) throw new Error(`there is no ${name}`);
    await store.inner.delete(name);
    await store.inner.put(name, change(bytes));
  }

  it('reads back what was appended', async () => {
    const log = await begun();
    const first = await log.append(
      checkpoint(4, { ingresses: { 'test/in': { position: { offset: 9n }, routed: 3 } } }),
    );
    const suspect = await log.append({ kind: 'suspect', invocationId: 'i' });
    expect(suspect).to.include({ index: 3, previous: first.token, epoch: 1, logId: first.logId });
    const again = await open();
    expect(again.base).to.deep.equal(first);
    expect(again.tail).to.deep.equal([suspect]);
    expect(again.last).to.deep.equal(suspect);
    const epoch = await again.beginEpoch('b');
    expect(epoch).to.include({ index: 4, epoch: 2, restoredFrom: 2, incarnation: 'b', logId: first.logId });
    expect(again.tail).to.deep.equal([suspect, epoch]);
  });

  it('is empty at first, and counts the epochs that came to nothing', async () => {
    const log = await open();
    expect([log.base, log.last, log.epoch, log.logId]).to.deep.equal([undefined, undefined, 0, undefined]);
    for (const incarnation of ['a', 'b', 'c']) await begun(incarnation);
    const again = await open();
    expect(again.tail.map(({ kind, epoch }) => ({ kind, epoch }))).to.deep.equal(
      [1, 2, 3].map((epoch) => ({ kind: 'epoch', epoch })),
    );
  });

  it('goes on under a new log id after a restore, which is then what recovery starts from', async () => {
    const log = await begun();
    await log.append(checkpoint(1));
    const restore = await log.append({ kind: 'restore', savepoint: 'before', newLogId: 'fresh' });
    expect(log.logId).to.equal('fresh');
    expect(await log.append(checkpoint(1))).to.have.property('logId', 'fresh');
    await store.delete(entryName(4));
    const again = await open();
    expect(again.base).to.deep.equal(restore);
    expect(again.logId).to.equal('fresh');
  });

  it('appends in the order of the calls', async () => {
    const log = await begun();
    const entries = await Promise.all(
      Array.from({ length: 10 }, (_, id) => log.append({ kind: 'suspect', invocationId: `${id}` })),
    );
    expect(entries.map(({ index, invocationId }) => [index, invocationId])).to.deep.equal(
      entries.map((_, id) => [id + 2, `${id}`]),
    );
  });

  describe('as a fence', () => {
    it('gives every racer an epoch of its own, and all but the last are fenced', async () => {
      const logs = await Promise.all(Array.from({ length: 12 }, () => open()));
      const epochs = await Promise.all(logs.map((log, racer) => log.beginEpoch(`racer-${racer}`)));
      expect(epochs.map(({ epoch }) => epoch).sort((a, b) => a - b)).to.deep.equal(epochs.map((_, place) => place + 1));
      expect(new Set(epochs.map(({ logId }) => logId)).size).to.equal(1);
      const outcomes = await Promise.allSettled(logs.map((log, racer) => log.append(checkpoint(racer + 1))));
      const winners = outcomes.flatMap((outcome, racer) => (outcome.status === 'fulfilled' ? [racer] : []));
      expect(winners).to.deep.equal([epochs.findIndex(({ epoch }) => epoch === 12)]);
      expect((await open()).base).to.include({ kind: 'checkpoint', checkpoint: (winners[0] ?? 0) + 1 });
    });

    it('stops the process whose epoch was replaced, for good', async () => {
      const old = await begun('old');
      await old.append(checkpoint(1));
      await begun('new');
      const error = await rejection('SF_FENCED', old.append(checkpoint(2)));
      expect(error.message).to.contain('incarnation new began epoch 2');
      expect(old.hasBegun).to.equal(false);
      await rejection('SF_FENCED', old.append({ kind: 'suspect', invocationId: 'i' }));
      await rejection('SF_FENCED', old.beginEpoch('old'));
    });

    it('stops a process that slept, whatever was deleted meanwhile', async () => {
      const old = await begun('old');
      await old.append(checkpoint(1));
      const current = await begun('new');
      for (const number of [2, 3, 4]) await current.append(checkpoint(number));
      await current.trim(6);
      expect(await store.inner.list('log/')).to.deep.equal([1, 3, 6].map(entryName));
      await rejection('SF_FENCED', old.append(checkpoint(2)));
    });

    it('does not begin in the place of a deleted entry', async () => {
      const current = await begun('current');
      await current.append(checkpoint(1));
      const late = await open();
      for (const number of [2, 3, 4]) await current.append(checkpoint(number));
      await current.trim(5);
      const epoch = await late.beginEpoch('late');
      expect(epoch).to.include({ index: 6, restoredFrom: 5, epoch: 2 });
      expect(late.base).to.include({ index: 5, checkpoint: 4 });
      expect((await open()).last).to.deep.equal(epoch);
      await rejection('SF_FENCED', current.append(checkpoint(5)));
    });

    it('does not begin in the place of the first manifest either, if there was none to restore from', async () => {
      const current = await begun('current');
      const late = await open();
      for (const number of [1, 2, 3]) await current.append(checkpoint(number));
      await current.trim(4);
      expect(await late.beginEpoch('late')).to.include({ index: 5, restoredFrom: 4 });
    });

    it('lets nothing be appended before an epoch began', async () => {
      await begun();
      await rejection('SF_BROKEN_INVARIANT', (await open()).append(checkpoint(1)));
    });

    it('asserts that checkpoint ids grow and application time does not go back', async () => {
      const log = await begun();
      await log.append(checkpoint(2));
      await rejection('SF_BROKEN_INVARIANT', log.append(checkpoint(2)));
      await rejection('SF_BROKEN_INVARIANT', log.append(checkpoint(3, { applicationTimeMs: 1_999 })));
      await log.append(checkpoint(3, { applicationTimeMs: 2_000 }));
    });
  });

  describe('settling a put', () => {
    it('recognizes its own entry after a failure that came too late', async () => {
      const log = await begun();
      store.next('put', failsAfter);
      await log.append(checkpoint(1));
      await log.append(checkpoint(2));
      expect((await open()).base).to.include({ index: 3, checkpoint: 2 });
    });

    it('recognizes its own entry when it meets its own retry', async () => {
      store.next('put', answersToItsRetry, answersToItsRetry);
      const log = await begun();
      await log.append(checkpoint(1));
      expect(log.last).to.include({ index: 2 });
    });

    it('puts the same bytes again while the entry is absent', async () => {
      const log = await begun();
      store.next('put', failsBefore, failsBefore);
      store.next('get', failsBefore);
      const startMs = platform.clock.monotonic();
      const entry = await platform.run(log.append(checkpoint(1)));
      expect(platform.clock.monotonic() - startMs).to.be.within(75, 150);
      expect(store.calls.filter((call) => call === `put ${entryName(2)}`)).to.have.length(3);
      expect((await open()).base).to.deep.equal(entry);
    });

    it('goes on with another checkpoint where the store says that it has nothing of the first', async () => {
      const log = await begun();
      store.next('put', () => Promise.reject(new NotStoredError('SF_STORAGE_FULL', 'no room')));
      await rejection('SF_STORAGE_FULL', log.append(checkpoint(1)));
      expect(await log.append(checkpoint(2))).to.include({ index: 2, checkpoint: 2 });
      expect((await open()).base).to.include({ index: 2, checkpoint: 2 });
    });

    it('does not believe that after a put which may have stored it', async () => {
      const log = await begun();
      const full = () => Promise.reject(new NotStoredError('SF_STORAGE_FULL', 'no room'));
      store.next('put', failsAfter, ...Array<typeof full>(7).fill(full));
      store.next('get', ...Array<typeof failsBefore>(8).fill(failsBefore));
      await rejection('SF_STORAGE', platform.run(log.append(checkpoint(1))));
      expect(log.hasBegun).to.equal(false);
      expect((await open()).base).to.include({ checkpoint: 1 });
    });

    it('has an entry made durable that it finds after a failure', async () => {
      const disk = new SimulatedDisk();
      const files = new FileBlobStore(disk, new SeededRandom(1), '/state');
      await files.open();
      const log = await begun('a', files);
      disk.failNext('syncDirectory', 'EIO');
      const entry = await platform.run(log.append(checkpoint(1)));
      disk.crash();
      expect((await open(new FileBlobStore(disk, new SeededRandom(2), '/state'))).base).to.deep.equal(entry);
    });

    it('is fenced by what it finds there after a failure', async () => {
      const old = await begun('old');
      await begun('new');
      store.next('put', failsBefore);
      await rejection('SF_FENCED', old.append(checkpoint(1)));
    });

    it('refuses to go on when the outcome stays unknown, and the next to open the log finds out', async () => {
      const log = await begun();
      store.next('put', failsAfter, ...Array<typeof failsBefore>(7).fill(failsBefore));
      store.next('get', ...Array<typeof failsBefore>(8).fill(failsBefore));
      const error = await rejection('SF_STORAGE', platform.run(log.append(checkpoint(1))));
      expect(error.cause).to.have.property('message', 'connection refused');
      await rejection('SF_STORAGE', log.append(checkpoint(2)));
      expect((await open()).base).to.include({ checkpoint: 1 });
    });

    it('keeps one history for any faults of the store and any number of rivals', async () => {
      const fault = fc.constantFrom(failsBefore, failsAfter, answersToItsRetry);
      const step = fc.record({
        log: fc.nat(2),
        faults: fc.array(fault, { maxLength: 3 }),
        begin: fc.boolean(),
        trim: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          platform = new VirtualPlatform();
          store = new FaultyBlobStore(new MemoryBlobStore());
          const logs = await Promise.all([open(), open(), open()]);
          const committed: { index: number; token: string }[] = [];
          let number = 0;
          for (const { log: which, faults, begin, trim } of steps) {
            let log = logs[which] as ManifestLog;
            store.next('put', ...faults);
            if (begin || !log.hasBegun) {
              log = logs[which] = await open();
              await platform.run(log.beginEpoch(`log-${which}`));
            }
            number += 1;
            const outcome = await platform
              .run(Promise.allSettled([log.append(checkpoint(number))]))
              .then(([result]) => result);
            if (outcome?.status === 'fulfilled') committed.push(outcome.value);
            if (trim && outcome?.status === 'fulfilled') await log.trim(log.base?.index ?? 0);
          }
          for (const [place, entry] of committed.entries())
            expect(entry.index).to.be.above(committed[place - 1]?.index ?? 0);
          expect((await open()).base?.token).to.equal(committed.at(-1)?.token);
        }),
        { numRuns: 100 },
      );
    });
  });

  describe('damage', () => {
    it('is reported at every byte of the last manifest', async () => {
      const log = await begun();
      await log.append(checkpoint(1));
      const name = entryName(2);
      const length = (await store.inner.get(name))?.length ?? 0;
      for (let at = 0; at < length; at += 1) {
        const flip = (bytes: Uint8Array) => bytes.map((byte, place) => (place === at ? byte ^ 0x21 : byte));
        await replace(name, flip);
        expect((await rejection('SF_DAMAGED', open())).message).to.contain(`${name} is damaged at byte`);
        await replace(name, flip);
      }
      await open();
      for (let at = 0; at < length; at += 7) {
        const whole = (await store.inner.get(name)) as Uint8Array;
        await replace(name, (bytes) => bytes.slice(0, at));
        await rejection('SF_DAMAGED', open());
        await replace(name, () => whole);
      }
    });

    it('shows when an entry is missing, exchanged, or does not follow the one before', async () => {
      const log = await begun();
      for (const id of ['1', '2', '3']) await log.append({ kind: 'suspect', invocationId: id });
      const third = (await store.inner.get(entryName(3))) as Uint8Array;
      await store.inner.delete(entryName(3));
      expect((await rejection('SF_DAMAGED', open())).message).to.contain(`${entryName(3)} is damaged`);
      await store.inner.put(entryName(3), (await store.inner.get(entryName(2))) as Uint8Array);
      await rejection('SF_DAMAGED', open());
      await replace(entryName(3), () => third);
      await open();

      const fourth = await log.read(4);
      if (fourth === undefined) throw new Error('there is no fourth entry');
      for (const wrong of [{ previous: 'x' }, { previous: undefined }, { epoch: 2 }, { logId: 'x' }]) {
        await replace(entryName(4), () => encodeEntry({ ...fourth, ...wrong }));
        expect((await rejection('SF_DAMAGED', open())).message).to.contain('does not follow');
      }
    });

    it('is not what a reader sees when entries are deleted under its hands', async () => {
      const log = await begun();
      await log.append(checkpoint(1));
      store.next('get', async (proceed) => {
        await log.append(checkpoint(2));
        await log.trim(3);
        return proceed();
      });
      expect((await open()).base).to.include({ index: 3, checkpoint: 2 });
    });
  });

  it('deletes oldest first, and never epochs, the base or what is behind it', async () => {
    const log = await begun('a');
    await log.append(checkpoint(1));
    const again = await begun('b');
    await again.append({ kind: 'suspect', invocationId: 'i' });
    await again.append(checkpoint(2));
    await again.append(checkpoint(3));
    await again.append({ kind: 'suspect', invocationId: 'j' });
    store.calls.length = 0;
    await again.trim(6);
    expect(store.calls.filter((call) => call.startsWith('delete'))).to.deep.equal(
      [2, 4, 5].map((index) => `delete ${entryName(index)}`),
    );
    await rejection('SF_BROKEN_INVARIANT', again.trim(7));
    expect(await store.inner.list('log/')).to.deep.equal([1, 3, 6, 7].map(entryName));
    expect((await open()).base).to.include({ index: 6 });
  });
});
