import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { encode } from '../../src/codec/codec.js';
import { BlockCache } from '../../src/state/block-cache.js';
import { compact } from '../../src/state/compaction.js';
import type { Entry } from '../../src/state/entry.js';
import { entryKey, entryPrefix, parseKey, prefixEnd, recordKey } from '../../src/state/key.js';
import { SegmentSet } from '../../src/state/segment-set.js';
import { collect, putSegment } from './segments.js';

describe('keys longer than a block', () => {
  // The longest ids there can be; each character takes the most bytes: three, or two of an escaped zero.
  const ids = [
    '\uffff'.repeat(16_384),
    '\0'.repeat(16_384),
    `${'\0'.repeat(16_383)}\u0001`,
    '\u{10ffff}'.repeat(8_192),
  ];
  // Keys of maps have no limit of their own.
  const mapKeys = ['x'.repeat(1_000_000), `${'x'.repeat(1_000_000)}y`, '\0'.repeat(70_000), ''];
  const generation = new Uint8Array(8).fill(0xff);
  const prefixes = ids.map((id) => entryPrefix(recordKey(3, 'test/shop', id), 'items', generation));
  const entries: Entry[] = ids.flatMap((id, at) => {
    const record = { key: recordKey(3, 'test/shop', id), value: Uint8Array.of(at) };
    const prefix = prefixes[at] as Uint8Array;
    return [record, ...mapKeys.map((key, n) => ({ key: entryKey(prefix, encode(key)), value: Uint8Array.of(n) }))];
  });

  it('are taken apart into what they were made of, from the first long one on', () => {
    for (const [at, { key }] of entries.entries()) {
      const parsed = parseKey(key);
      expect('id' in parsed && parsed.id === ids[Math.floor(at / (mapKeys.length + 1))], `${at}`).to.equal(true);
    }
  });

  it('may be longer than any before', () => {
    const id = 'a'.repeat(3_000_000);
    const parsed = parseKey(recordKey(3, 'test/shop', id));
    expect('id' in parsed && parsed.id === id).to.equal(true);
  });

  it('are found, swept and merged as any others', async () => {
    const store = new MemoryBlobStore();
    const halves = [entries.filter((_, at) => at % 2 === 0), entries.filter((_, at) => at % 2 === 1)] as const;
    const refs = [await putSegment(store, 'a', halves[0]), await putSegment(store, 'b', halves[1])];
    const options = { bottom: true, nowMs: 0, blobName: 'm', yield: async () => {}, isGarbage: () => false };
    const merged = await compact(store, refs, options);
    expect(merged?.entries).to.equal(entries.length);
    for (const list of [refs, [merged as NonNullable<typeof merged>]]) {
      const set = new SegmentSet(store, new BlockCache(1));
      set.replace(list);
      for (const { key, value } of entries) expect((await set.find(key))?.value).to.deep.equal(value);
      for (const prefix of prefixes) {
        const swept = await collect(set.scan(prefix, prefixEnd(prefix)));
        expect(swept.map(({ value }) => value?.[0]).sort()).to.deep.equal([0, 1, 2, 3]);
      }
    }
  });
});
