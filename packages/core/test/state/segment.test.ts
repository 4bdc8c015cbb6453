import { expect } from 'chai';
import fc from 'fast-check';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { BlockCache } from '../../src/state/block-cache.js';
import type { Entry } from '../../src/state/entry.js';
import { compareBytes, entryKey, entryPrefix, recordKey, timerKey } from '../../src/state/key.js';
import { Segment, type SegmentRef } from '../../src/state/segment.js';
import { SegmentWriter } from '../../src/state/segment-writer.js';
import { CountingStore, collect, failure, keyOf, putSegment, record, segmentOf } from './segments.js';

const nothing = new Uint8Array(0);

function open(store: MemoryBlobStore, ref: SegmentRef, cacheBytes = 1 << 20): Promise<Segment> {
  return Segment.open(store, ref, new BlockCache(cacheBytes));
}

function withoutUndefined(entry: Entry): Entry {
  return entry.expiresAtMs === undefined || entry.value === undefined ? { key: entry.key, value: entry.value } : entry;
}

describe('Segment', () => {
  const id = fc.string({ unit: fc.constantFrom('a', 'b', '\0', 'é'), minLength: 1, maxLength: 6 });
  const value = fc.option(fc.uint8Array({ maxLength: 60 }), { nil: undefined });
  const expiry = fc.option(fc.double({ noNaN: true }), { nil: undefined });
  const entry = fc.record({ key: id.map(keyOf), value, expiresAtMs: expiry });
  const entries = fc
    .uniqueArray(entry, { selector: ({ key }) => Buffer.from(key).toString('hex'), maxLength: 120 })
    .map((list) => list.sort((a, b) => compareBytes(a.key, b.key)).map(withoutUndefined));

  it('gives back what was written, one by one and in ranges', async () => {
    await fc.assert(
      fc.asyncProperty(entries, id, id, async (written, a, b) => {
        const store = new MemoryBlobStore();
        const segment = await open(store, await putSegment(store, 's', written));
        expect(await collect(segment.scan(nothing, undefined))).to.deep.equal(written);
        for (const one of written) expect(await segment.find(one.key)).to.deep.equal(one);
        const [from, to] = [keyOf(a), keyOf(b)];
        const within = written.filter(({ key }) => compareBytes(key, from) >= 0 && compareBytes(key, to) < 0);
        expect(await collect(segment.scan(from, to))).to.deep.equal(within);
        const absent = written.some(({ key }) => compareBytes(key, from) === 0) ? undefined : await segment.find(from);
        expect(absent).to.equal(undefined);
      }),
    );
  });

  it('holds many blocks, and values larger than a block', async () => {
    const store = new MemoryBlobStore();
    const written = Array.from({ length: 20_000 }, (_, at) => record(`user-${String(at).padStart(6, '0')}`, `${at}`));
    const large = record('user-010000-large', 'x'.repeat(700_000));
    const ref = await putSegment(store, 's', [...written, large]);
    const segment = await open(store, ref, 100_000);
    expect(segment.index.blocks).to.be.greaterThan(10);
    expect(await segment.find(large.key)).to.deep.equal(withoutUndefined(large));
    for (let at = 0; at < written.length; at += 97) {
      const one = written[at] as Entry;
      expect(await segment.find(one.key)).to.deep.equal(withoutUndefined(one));
    }
    const scanned = await collect(segment.scan(keyOf('user-009990'), keyOf('user-010010')));
    expect(scanned).to.have.length(21);
    expect(await collect(segment.scan(nothing, undefined))).to.have.length(20_001);
  });

  it('may be the beginning of a blob that goes on', async () => {
    const { ref, bytes } = segmentOf('s', [record('a', '1')]);
    const store = new MemoryBlobStore();
    await store.put('s', Buffer.concat([bytes, Buffer.alloc(100_000, 7)]));
    expect(await (await open(store, ref)).find(keyOf('a'))).to.deep.equal(withoutUndefined(record('a', '1')));
  });

  it('tells its manifest what it holds', async () => {
    const id32 = '0'.repeat(32);
    const removed = { key: timerKey(9, 70, id32), value: undefined };
    const timers = [{ key: timerKey(8, 50, id32), value: nothing }, removed];
    const { ref } = segmentOf('s', [record('a', '1'), record('b', undefined), ...timers]);
    expect(ref).to.deep.include({
      blob: 's',
      entries: 4,
      types: ['test/thing'],
      timers: { minDueMs: 50, maxDueMs: 70 },
    });
    const others = ['test/other', 'test/gone', 'test/thing'].map((type) => recordKey(7, type, 'a'));
    const mixed = others.map((key, at) => ({ key, value: at === 1 ? undefined : nothing }));
    expect(segmentOf('s', mixed).ref.types).to.deep.equal(['test/other', 'test/thing']);
    expect(segmentOf('s', [record('b', undefined)]).ref.types, 'of removed state').to.deep.equal([]);
  });

  it('answers at once, and reads nothing, for keys it certainly does not have', async () => {
    const store = new CountingStore();
    const written = Array.from({ length: 5_000 }, (_, at) => record(`user-${at}`, 'x'.repeat(20)));
    const segment = await open(store, await putSegment(store, 's', written), 1);
    store.reads = 0;
    let asked = 0;
    for (let at = 0; at < 5_000; at += 1) {
      const found = segment.find(keyOf(`nobody-${at}`));
      if (found instanceof Promise) asked += 1;
      expect(await found).to.equal(undefined);
    }
    expect(asked).to.equal(store.reads).and.to.be.lessThan(150);
  });

  it('reads a block once for all who wait for it, then answers at once', async () => {
    const store = new CountingStore();
    const written = Array.from({ length: 5_000 }, (_, at) => record(`user-${at}`, 'x'.repeat(20)));
    const segment = await open(store, await putSegment(store, 's', written));
    store.reads = 0;
    const key = keyOf('user-77');
    const [a, b] = await Promise.all([segment.find(key), segment.find(key)]);
    expect(a)
      .to.deep.equal(b)
      .and.to.deep.equal(withoutUndefined(record('user-77', 'x'.repeat(20))));
    expect(store.reads).to.equal(1);
    expect(segment.find(key)).not.to.be.instanceOf(Promise);
  });

  it('gives out bytes that are the caller’s own', async () => {
    const store = new MemoryBlobStore();
    const segment = await open(store, await putSegment(store, 's', [record('a', '1')]));
    const found = await segment.find(keyOf('a'));
    found?.value?.fill(0);
    found?.key.fill(0);
    expect(await segment.find(keyOf('a'))).to.deep.equal(withoutUndefined(record('a', '1')));
  });

  it('reports every changed byte, with the blob and an offset', async () => {
    const prefix = entryPrefix(keyOf('b'), 'visits', new Uint8Array(8));
    const written = [
      ...Array.from({ length: 40 }, (_, at) => record(`a${at}`, at % 5 === 0 ? undefined : `value ${at}`, at)),
      { key: entryKey(prefix, Uint8Array.of(1)), value: Uint8Array.of(1) },
    ];
    const { ref, bytes } = segmentOf('segments/s', written);
    for (let at = 0; at < bytes.length; at += 1) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const store = new MemoryBlobStore();
        await store.put(ref.blob, bytes.with(at, (bytes[at] as number) ^ flip));
        const error = await failure('SF_DAMAGED', () => readAll(store, ref, written));
        expect(error.message).to.match(/segments\/s is damaged at byte \d+/);
      }
    }
  });

  it('reports a changed byte in a large segment when it reads that part', async () => {
    const written = Array.from({ length: 9_000 }, (_, at) => record(`user-${at}`, 'x'.repeat(40)));
    const { ref, bytes } = segmentOf('s', written);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), async (at) => {
        const store = new MemoryBlobStore();
        await store.put('s', bytes.with(at, (bytes[at] as number) ^ 4));
        await failure('SF_DAMAGED', () => readAll(store, ref, []));
      }),
      { numRuns: 40 },
    );
  });

  it('reports a blob that is cut short, at whatever length', async () => {
    const { ref, bytes } = segmentOf('s', [record('a', '1'), record('b', '2')]);
    for (let length = 0; length < bytes.length; length += 1) {
      const store = new MemoryBlobStore();
      await store.put('s', bytes.slice(0, length));
      expect((await failure('SF_DAMAGED', () => open(store, ref))).message).to.contain(`byte ${length}:`);
    }
  });

  it('reports another segment under its name, even a well-formed one of the same length', async () => {
    const other = segmentOf('s', [record('a', '2')]);
    const { ref } = segmentOf('s', [record('a', '1')]);
    expect(other.ref.length).to.equal(ref.length);
    const store = new MemoryBlobStore();
    await store.put('s', other.bytes);
    await failure('SF_DAMAGED', () => open(store, ref));
    await failure('SF_DAMAGED', () => open(store, { ...other.ref, length: ref.length - 1 }));
    await failure('SF_DAMAGED', () => open(store, { ...other.ref, entries: 2 }));
  });

  it('reports a blob that is gone', async () => {
    const { ref } = segmentOf('s', [record('a', '1')]);
    expect((await failure('SF_MISSING_BLOB', () => open(new MemoryBlobStore(), ref))).message).to.contain('blob s');
  });

  it('is refused entries that do not ascend', async () => {
    for (const second of ['a', 'b']) {
      const writer = new SegmentWriter('s');
      writer.add(record('b', '1'));
      await failure('SF_BROKEN_INVARIANT', () => writer.add(record(second, '2')));
    }
  });
});

async function readAll(store: MemoryBlobStore, ref: SegmentRef, entries: readonly Entry[]): Promise<void> {
  const segment = await open(store, ref);
  for (const { key } of entries) await segment.find(key);
  await collect(segment.scan(nothing, undefined));
}
