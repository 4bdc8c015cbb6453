import { expect } from 'chai';
import { BlockCache } from '../../src/state/block-cache.js';
import { entryKey, entryPrefix, prefixEnd, timerKey, timerRange } from '../../src/state/key.js';
import { type Entry, SegmentSet } from '../../src/state/segment-set.js';
import { CountingStore, collect, failure, keyOf, putSegment, record, segmentOf, textOf } from './segments.js';

const nothing = new Uint8Array(0);

describe('SegmentSet', () => {
  let store: CountingStore;
  let set: SegmentSet;

  beforeEach(() => {
    store = new CountingStore();
    set = new SegmentSet(store, new BlockCache(1 << 20));
  });

  it('finds the newest version of a key, and nothing where the newest is a tombstone', async () => {
    const older = await putSegment(store, 'old', [record('a', 'a1'), record('b', 'b1'), record('c', 'c1')]);
    const newer = await putSegment(store, 'new', [record('b', 'b2'), record('c', undefined), record('d', 'd2')]);
    set.replace([newer, older]);
    for (const [id, text] of [
      ['a', 'a1'],
      ['b', 'b2'],
      ['c', undefined],
      ['d', 'd2'],
      ['e', undefined],
    ] as const) {
      expect(textOf(await set.find(keyOf(id))), id).to.equal(text);
    }
    expect((await collect(set.scan(nothing, undefined))).map(textOf)).to.deep.equal(['a1', 'b2', 'd2']);
    expect((await collect(set.scan(keyOf('b'), keyOf('d')))).map(textOf)).to.deep.equal(['b2']);
  });

  it('opens a segment when it is first asked, and once', async () => {
    set.replace([await putSegment(store, 's', [record('a', '1')])]);
    expect(store.reads).to.equal(0);
    const [a, b] = await Promise.all([set.find(keyOf('a')), set.find(keyOf('nobody'))]);
    expect([textOf(a), textOf(b), store.reads]).to.deep.equal(['1', undefined, 1]);
    expect(set.find(keyOf('a')), 'once it is in memory').not.to.be.instanceOf(Promise);
  });

  it('opens all of them when told to, and reports one that is gone', async () => {
    const there = await putSegment(store, 's', [record('a', '1')]);
    set.replace([there]);
    await set.open();
    expect(set.find(keyOf('a'))).not.to.be.instanceOf(Promise);
    set.replace([segmentOf('gone', [record('a', '1')]).ref, there]);
    await failure('SF_MISSING_BLOB', () => set.open());
    await failure('SF_MISSING_BLOB', () => set.find(keyOf('a')));
  });

  it('opens a segment again after a failure', async () => {
    const { ref, bytes } = segmentOf('s', [record('a', '1')]);
    set.replace([ref]);
    await failure('SF_MISSING_BLOB', () => set.find(keyOf('a')));
    await store.put('s', bytes);
    expect(textOf(await set.find(keyOf('a')))).to.equal('1');
  });

  it('keeps segments that stay open when others are replaced', async () => {
    const a = await putSegment(store, 'a', [record('a', '1')]);
    const b = await putSegment(store, 'b', [record('b', '1')]);
    set.replace([b, a]);
    await set.open();
    store.reads = 0;
    set.replace([a]);
    expect(set.refs).to.deep.equal([a]);
    expect(textOf(await set.find(keyOf('a')))).to.equal('1');
    expect(await set.find(keyOf('b'))).to.equal(undefined);
    expect(store.reads).to.equal(0);
  });

  it('sweeps timers and entries without reading segments that have none of them', async () => {
    const filler = Array.from({ length: 6_000 }, (_, at) => record(`user-${at}`, 'x'.repeat(20)));
    const generation = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
    const prefix = entryPrefix(keyOf('user-5'), 'visits', generation);
    const visit = { key: entryKey(prefix, Uint8Array.of(9)), value: Uint8Array.of(1) };
    const timer = { key: timerKey(7, 100, 'ab'.repeat(16)), value: Uint8Array.of(2) };
    const small = await putSegment(store, 'small', [visit, timer]);
    set.replace([small, await putSegment(store, 'large', filler)]);
    await set.open();
    store.reads = 0;
    const { from, to } = timerRange(7, 0, 1_000);
    expect(await collect(set.scan(from, to))).to.deep.equal([timer]);
    expect(await collect(set.scan(prefix, prefixEnd(prefix)))).to.deep.equal([visit]);
    expect(store.reads).to.equal(0);
  });

  it('scans ranges that begin with a part of a key, or reach beyond one sweep', async () => {
    const generations = [1, 2].map((number) => entryPrefix(keyOf('a'), 'visits', new Uint8Array(8).fill(number)));
    const visits = generations.map((prefix) => ({ key: entryKey(prefix, nothing), value: Uint8Array.of(1) }));
    const [first, second] = visits as [Entry, Entry];
    set.replace([await putSegment(store, '2', [second]), await putSegment(store, '1', [first])]);
    const generation = generations[0] as Uint8Array;
    for (let length = 0; length <= generation.length; length += 1) {
      const from = generation.slice(0, length);
      expect(await collect(set.scan(from, undefined)), `${length}`).to.deep.equal(visits);
      expect(await collect(set.scan(from, second.key)), `${length}`).to.deep.equal([first]);
      expect(await collect(set.scan(from, prefixEnd(keyOf('a')))), `${length}`).to.deep.equal(visits);
    }
  });

  it('gives back the memory of segments that were replaced, even while they were opened', async () => {
    const cache = new BlockCache(1 << 20);
    set = new SegmentSet(store, cache);
    set.replace([await putSegment(store, 's', [record('a', '1')])]);
    await set.open();
    expect(cache.bytes).to.be.greaterThan(0);
    set.replace([]);
    expect(cache.bytes).to.equal(0);
    set.replace([await putSegment(store, 't', [record('a', '1')])]);
    const opening = set.open();
    set.replace([]);
    await opening;
    expect(cache.bytes).to.equal(0);
  });
});
