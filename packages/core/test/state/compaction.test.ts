import { expect } from 'chai';
import fc from 'fast-check';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { BlockCache } from '../../src/state/block-cache.js';
import { type CompactionOptions, compact, pickCompaction } from '../../src/state/compaction.js';
import type { Entry } from '../../src/state/entry.js';
import { entryKey, entryPrefix, timerKey } from '../../src/state/key.js';
import type { SegmentRef } from '../../src/state/segment.js';
import { SegmentSet } from '../../src/state/segment-set.js';
import { collect, failure, keyOf, putSegment, record, segmentOf, textOf } from './segments.js';

const everything = [new Uint8Array(0), undefined] as const;

function options(blobName: string, some: Partial<CompactionOptions> = {}): CompactionOptions {
  return { bottom: true, nowMs: 0, blobName, yield: async () => {}, isGarbage: () => false, ...some };
}

async function contents(store: MemoryBlobStore, ...refs: (SegmentRef | undefined)[]): Promise<Entry[]> {
  const set = new SegmentSet(store, new BlockCache(1 << 20));
  set.replace(refs.filter((ref) => ref !== undefined));
  return collect(set.scan(...everything));
}

function visitOf(id: string, generation: number, sub: number, value: number | undefined): Entry {
  const prefix = entryPrefix(keyOf(id), 'visits', new Uint8Array(8).fill(generation));
  return { key: entryKey(prefix, Uint8Array.of(sub)), value: value === undefined ? undefined : Uint8Array.of(value) };
}

describe('compact', () => {
  let store: MemoryBlobStore;

  beforeEach(() => {
    store = new MemoryBlobStore();
  });

  it('goes on to name every function type that timers may be for, as long as there are timers', async () => {
    const key = timerKey(7, 50, '0'.repeat(32));
    const set = { ...(await putSegment(store, 'set', [{ key, value: Uint8Array.of(1) }])), timerTypes: ['test/a'] };
    const plain = await putSegment(store, 'plain', [record('a', '1')]);
    const other = timerKey(7, 60, '1'.repeat(32));
    const more = {
      ...(await putSegment(store, 'more', [{ key: other, value: Uint8Array.of(1) }])),
      timerTypes: ['test/b'],
    };
    expect((await compact(store, [plain, more, set], options('both')))?.timerTypes).to.deep.equal(['test/a', 'test/b']);
    const fired = await putSegment(store, 'fired', [{ key, value: undefined }]);
    expect(await compact(store, [plain, fired, set], options('none'))).not.to.have.property('timerTypes');
  });

  it('changes no answer, whatever was written, removed, cut and merged', async () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('write' as const), id, text: fc.string({ maxLength: 3 }) }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), id }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('expire' as const), id, atMs: fc.nat(20) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('cut' as const) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('compact' as const), from: fc.nat(5), count: fc.nat(5) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const blobs = new MemoryBlobStore();
        const set = new SegmentSet(blobs, new BlockCache(1 << 16));
        const model = new Map<string, Entry>();
        const memory = new Map<string, Entry>();
        let nowMs = 0;
        for (const [at, action] of [...steps, { kind: 'cut' as const }].entries()) {
          nowMs += 1;
          if (action.kind === 'cut') {
            if (memory.size === 0) continue;
            set.replace([await putSegment(blobs, `cut-${at}`, [...memory.values()]), ...set.refs]);
            memory.clear();
          } else if (action.kind === 'compact') {
            const from = Math.min(action.from, set.refs.length);
            const inputs = set.refs.slice(from, from + action.count);
            if (inputs.length === 0) continue;
            const bottom = from + inputs.length === set.refs.length;
            const merged = await compact(blobs, inputs, options(`merged-${at}`, { bottom, nowMs }));
            const output = merged === undefined ? [] : [merged];
            set.replace([...set.refs.slice(0, from), ...output, ...set.refs.slice(from + inputs.length)]);
          } else {
            const text = action.kind === 'remove' ? undefined : action.kind === 'write' ? action.text : 'mortal';
            const entry = record(action.id, text, action.kind === 'expire' ? nowMs + action.atMs : undefined);
            memory.set(action.id, entry);
            model.set(action.id, entry);
          }
        }
        const isAlive = (entry: Entry | undefined) => (entry?.expiresAtMs ?? Number.POSITIVE_INFINITY) > nowMs;
        const expected = [...model].filter(([, entry]) => entry.value !== undefined && isAlive(entry)).sort();
        const scanned = (await collect(set.scan(...everything))).filter(isAlive);
        expect(scanned.map(textOf)).to.deep.equal(expected.map(([, entry]) => textOf(entry)));
        for (const [one, entry] of model) {
          const found = await set.find(keyOf(one));
          expect(isAlive(found) ? textOf(found) : undefined, one).to.equal(isAlive(entry) ? textOf(entry) : undefined);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('keeps tombstones, and makes one of an expired entry, while an older segment may hold what they hide', async () => {
    const oldest = await putSegment(store, '1', [record('a', 'a1'), record('b', 'b1'), record('c', 'c1')]);
    const middle = await putSegment(store, '2', [record('a', undefined), record('b', 'b2', 50)]);
    const merged = await compact(store, [middle], options('m', { bottom: false, nowMs: 50 }));
    expect(merged?.entries).to.equal(2);
    expect((await contents(store, merged, oldest)).map(textOf)).to.deep.equal(['c1']);
    const bottom = await compact(store, [middle, oldest], options('b', { nowMs: 50 }));
    expect(bottom?.entries).to.equal(1);
    expect((await contents(store, bottom)).map(textOf)).to.deep.equal(['c1']);
  });

  it('makes no blob when nothing is left', async () => {
    const oldest = await putSegment(store, '1', [record('a', 'a1')]);
    const newest = await putSegment(store, '2', [record('a', undefined)]);
    expect(await compact(store, [newest, oldest], options('m'))).to.equal(undefined);
    expect(await store.list('')).to.deep.equal(['1', '2']);
  });

  it('drops the entries of a removed record, and of generations that its newest version does not name', async () => {
    const oldest = await putSegment(store, '1', [
      ...[record('a', '1'), visitOf('a', 1, 1, 1), visitOf('a', 1, 2, 2)],
      ...[record('b', '1'), visitOf('b', 1, 1, 1)],
      ...[record('c', '1'), visitOf('c', 1, 1, 1)],
    ]);
    const newest = await putSegment(store, '2', [
      ...[record('a', '2'), visitOf('a', 2, 1, 3)],
      ...[record('b', undefined), visitOf('d', 1, 1, 4)],
    ]);
    const asked: [string | undefined, number][] = [];
    const isGarbage = (owner: Entry | undefined, entry: Entry) => {
      asked.push([textOf(owner), entry.value?.[0] ?? 0]);
      return owner !== undefined && !Buffer.from(entry.key).includes(Buffer.alloc(8, Number(textOf(owner))));
    };
    const merged = await compact(store, [newest, oldest], options('m', { isGarbage }));
    const values = (await contents(store, merged)).map(({ value }) => Buffer.from(value ?? []).toString());
    expect(values).to.deep.equal(['2', '\u0003', '1', '\u0001', '\u0004']);
    expect(asked).to.deep.equal([
      ['2', 1],
      ['2', 2],
      ['2', 3],
      ['1', 1],
      [undefined, 4],
    ]);
  });

  it('lets the event loop turn between blocks, and writes while it reads', async () => {
    const entries = Array.from({ length: 20_000 }, (_, at) => record(`user-${at}`, 'x'.repeat(100)));
    const refs = [
      await putSegment(store, '1', entries.slice(0, 9_000)),
      await putSegment(store, '2', entries.slice(9_000)),
    ];
    let turns = 0;
    let turnsAtFirstPiece: number | undefined;
    const put = store.put.bind(store);
    store.put = (name, body) =>
      put(
        name,
        (async function* () {
          for await (const piece of body as AsyncIterable<Uint8Array>) {
            turnsAtFirstPiece ??= turns;
            expect(piece.length).to.be.lessThan(400_000);
            yield piece;
          }
        })(),
      );
    const turn = async () => {
      turns += 1;
    };
    const merged = await compact(store, refs, options('m', { yield: turn }));
    expect(merged?.entries).to.equal(20_000);
    expect(turns).to.be.greaterThan(100);
    expect(turnsAtFirstPiece).to.be.lessThan(turns / 2);
    expect(await contents(store, merged)).to.have.length(20_000);
  });

  it('takes its own blob, written by an attempt that seemed to fail, for its success; and nobody else’s', async () => {
    const input = await putSegment(store, '1', [record('a', '1')]);
    await store.put('mine', segmentOf('mine', [record('a', '1')]).bytes);
    await store.put('other', segmentOf('other', [record('a', '2')]).bytes);
    expect((await compact(store, [input], options('mine')))?.blob).to.equal('mine');
    await failure('SF_STORAGE', () => compact(store, [input], options('other')));
  });

  it('reports a damaged input rather than merge it', async () => {
    const { ref, bytes } = segmentOf(
      '1',
      Array.from({ length: 9_000 }, (_, at) => record(`user-${at}`, 'x'.repeat(40))),
    );
    await store.put('1', bytes.with(100_000, (bytes[100_000] as number) ^ 1));
    await failure('SF_DAMAGED', () => compact(store, [ref], options('m')));
    expect(await store.list('m')).to.deep.equal([]);
  });
});

describe('pickCompaction', () => {
  const refs = (...megabytes: number[]): SegmentRef[] =>
    megabytes.map((size, at) => ({ blob: `${at}`, length: size * 2 ** 20, checksum: 0, entries: 1, types: [] }));

  it('leaves few segments, and ones much larger than what is newer, alone', () => {
    expect(pickCompaction([])).to.equal(undefined);
    expect(pickCompaction(refs(1, 1, 1))).to.equal(undefined);
    expect(pickCompaction(refs(1, 1, 1, 100))).to.equal(undefined);
  });

  it('merges a run of about one size, with older ones up to the size of the run', () => {
    expect(pickCompaction(refs(1, 1.1, 0.9, 1))).to.deep.equal({ from: 0, count: 4 });
    expect(pickCompaction(refs(1, 1, 1, 1, 100, 90))).to.deep.equal({ from: 0, count: 4 });
    expect(pickCompaction(refs(1, 1, 1, 1, 4, 8, 100))).to.deep.equal({ from: 0, count: 6 });
    expect(pickCompaction(refs(1, 50, 50, 50, 50))).to.deep.equal({ from: 1, count: 4 });
  });

  it('keeps segments few and each entry rewritten seldom, over many checkpoints', () => {
    let live: number[] = [];
    let rewritten = 0;
    for (let checkpoint = 0; checkpoint < 4_096; checkpoint += 1) {
      live = [1, ...live];
      const pick = pickCompaction(refs(...live));
      if (pick === undefined) continue;
      const merged = live.slice(pick.from, pick.from + pick.count).reduce((sum, size) => sum + size, 0);
      rewritten += merged;
      live.splice(pick.from, pick.count, merged);
      expect(live.length).to.be.lessThan(24);
    }
    expect(rewritten / 4_096).to.be.lessThan(12);
  });
});
