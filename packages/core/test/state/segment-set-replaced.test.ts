import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import type { ByteRange } from '../../src/ports/blob-store.js';
import { BlockCache } from '../../src/state/block-cache.js';
import { type Entry, SegmentSet } from '../../src/state/segment-set.js';
import { collect, failure, keyOf, putSegment, record, textOf } from './segments.js';

/** A store that lets something happen directly before its n-th read from now. */
class InterruptedStore extends MemoryBlobStore {
  #readsLeft = 0;
  #act: () => Promise<void> = async () => {};

  beforeRead(number: number, act: () => Promise<void>): void {
    this.#readsLeft = number;
    this.#act = act;
  }

  override async get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    this.#readsLeft -= 1;
    if (this.#readsLeft === 0) await this.#act();
    return super.get(name, range);
  }
}

describe('SegmentSet whose segments are replaced, and deleted, while it is read', () => {
  const nothing = new Uint8Array(0);
  const ids = Array.from({ length: 6_000 }, (_, at) => `user-${String(at).padStart(5, '0')}`);
  const removed = (at: number) => at % 7 === 0;
  const older = ids.map((id) => record(id, `1 ${id} ${'x'.repeat(20)}`));
  const newer = ids.flatMap((id, at) =>
    removed(at) ? [record(id, undefined)] : at % 2 === 0 ? [record(id, `2 ${id}`)] : [],
  );
  const merged = ids.flatMap((id, at) =>
    removed(at) ? [] : [(at % 2 === 0 ? record(id, `2 ${id}`) : older[at]) as Entry],
  );
  let store: InterruptedStore;
  let set: SegmentSet;
  let replaceAndDelete: () => Promise<void>;

  beforeEach(async () => {
    store = new InterruptedStore();
    // No room for blocks: each is read when it is needed, from a segment of more blocks than are read when it is opened.
    set = new SegmentSet(store, new BlockCache(1));
    set.replace([await putSegment(store, 'new', newer), await putSegment(store, 'old', older)]);
    const output = await putSegment(store, 'merged', merged);
    replaceAndDelete = async () => {
      set.replace([output]);
      await store.delete('new');
      await store.delete('old');
    };
  });

  for (const reads of [1, 2, 3, 4, 5, 9, 20]) {
    it(`scans each entry once, in order, when that happens at read ${reads}`, async () => {
      store.beforeRead(reads, replaceAndDelete);
      const scanned = await collect(set.scan(nothing, undefined));
      expect(await store.list(''), 'it happened during the scan').to.deep.equal(['merged']);
      expect(scanned.map(textOf)).to.deep.equal(merged.map(textOf));
    });
  }

  for (const reads of [1, 2, 3, 4]) {
    it(`finds what was there all along, when that happens at read ${reads}`, async () => {
      const at = 1_003;
      store.beforeRead(reads, replaceAndDelete);
      expect(textOf(await set.find(keyOf(ids[at] as string)))).to.equal(textOf(older[at]));
      expect(textOf(await set.find(keyOf(ids[1_000] as string)))).to.equal(`2 ${ids[1_000]}`);
      expect(await set.find(keyOf(ids[1_001] as string))).to.equal(undefined);
    });
  }

  it('goes on in the range it was asked for', async () => {
    await set.open();
    store.beforeRead(3, replaceAndDelete);
    const scanned = await collect(set.scan(keyOf('user-00100'), keyOf('user-03100')));
    const within = merged.filter(
      ({ key }) => Buffer.compare(key, keyOf('user-00100')) >= 0 && Buffer.compare(key, keyOf('user-03100')) < 0,
    );
    expect(await store.list('')).to.deep.equal(['merged']);
    expect(scanned.map(textOf)).to.deep.equal(within.map(textOf));
  });

  it('survives that several times in one scan', async () => {
    let generation = 0;
    const replaceAgain = async (): Promise<void> => {
      const former = set.refs.map(({ blob }) => blob);
      generation += 1;
      set.replace([await putSegment(store, `merged-${generation}`, merged)]);
      for (const blob of former) await store.delete(blob);
      store.beforeRead(4, replaceAgain);
    };
    store.beforeRead(2, replaceAgain);
    expect((await collect(set.scan(nothing, undefined))).map(textOf)).to.deep.equal(merged.map(textOf));
    expect(generation).to.be.greaterThan(2);
  });

  it('reports a blob that the list in place still names', async () => {
    const [first, second] = set.refs;
    store.beforeRead(2, async () => {
      set.replace([first, second] as typeof set.refs);
      await store.delete('old');
    });
    await failure('SF_MISSING_BLOB', () => collect(set.scan(nothing, undefined)));
    await failure('SF_MISSING_BLOB', () => set.find(keyOf(ids[1] as string)));
  });
});
