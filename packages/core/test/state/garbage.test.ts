import { expect } from 'chai';
import fc from 'fast-check';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { encode } from '../../src/codec/codec.js';
import { BlockCache } from '../../src/state/block-cache.js';
import { compact } from '../../src/state/compaction.js';
import type { Entry } from '../../src/state/entry.js';
import { garbageTest } from '../../src/state/garbage.js';
import { entryKey, entryPrefix, prefixEnd, recordKey, timerKey, timerRange } from '../../src/state/key.js';
import { encodeRecord } from '../../src/state/record.js';
import type { SegmentRef } from '../../src/state/segment.js';
import { SegmentSet } from '../../src/state/segment-set.js';
import { type Shape, ShapeTable } from '../../src/state/shape.js';
import { collect, putSegment } from './segments.js';

const shape: Shape = {
  type: 'test/shop',
  fields: [
    { name: 'total', kind: 'value', version: 1, ttl: false },
    { name: 'items', kind: 'map', version: 1, ttl: false },
    { name: 'visits', kind: 'list', version: 1, ttl: false },
  ],
};
const fieldNames = ['items', 'visits'] as const;
/** Ids of which one begins as another does, and some that UTF-16 orders otherwise than UTF-8. */
const ids = ['a', 'a\0', 'a\0b', '\uffff', '\u{1f600}'];

/** A shop as an application has it in memory: what reads must show, whatever became of segments. */
interface Shop {
  total: number;
  /** The generation of each field, and its entries. */
  readonly fields: { generation: Uint8Array | undefined; readonly entries: Map<number, Stored> }[];
}

interface Stored {
  readonly value: number;
  readonly expiresAtMs: number | undefined;
}

/** Shops and timers, kept the way the runtime keeps them: a record is written with whatever else changes of its shop. */
class World {
  readonly store = new MemoryBlobStore();
  readonly shapes = new ShapeTable();
  readonly set = new SegmentSet(this.store, new BlockCache(20_000));
  readonly shops = new Map<string, Shop>();
  readonly timers = new Map<string, Uint8Array>();
  nowMs = 1_000;
  #delta = new Map<string, Entry>();
  #names = 0;

  shop(id: string): Shop {
    let shop = this.shops.get(id);
    if (shop === undefined) {
      shop = { total: 0, fields: fieldNames.map(() => ({ generation: undefined, entries: new Map() })) };
      this.shops.set(id, shop);
    }
    return shop;
  }

  setTotal(id: string, total: number): void {
    this.shop(id).total = total;
    this.#changed(id);
  }

  putEntry(id: string, field: number, sub: number, stored: Stored | undefined): void {
    const kept = this.shop(id).fields[field] as Shop['fields'][number];
    kept.generation ??= this.#newGeneration();
    if (stored === undefined) kept.entries.delete(sub);
    else kept.entries.set(sub, stored);
    const value = stored === undefined ? undefined : Uint8Array.of(stored.value);
    const key = entryKey(this.#prefix(id, field), Uint8Array.of(sub));
    this.#write(stored?.expiresAtMs === undefined ? { key, value } : { key, value, expiresAtMs: stored.expiresAtMs });
    this.#changed(id);
  }

  clear(id: string, field: number): void {
    this.shop(id).fields[field] = { generation: this.#newGeneration(), entries: new Map() };
    this.#changed(id);
  }

  forget(id: string): void {
    this.shops.delete(id);
    this.#write({ key: keyOf(id), value: undefined });
  }

  setTimer(number: number, isPending: boolean): void {
    const key = timerKey(number % 2, number * 10, number.toString(16).padStart(32, '0'));
    const value = isPending ? Uint8Array.of(number) : undefined;
    if (value === undefined) this.timers.delete(hex(key));
    else this.timers.set(hex(key), value);
    this.#write({ key, value });
  }

  async cut(): Promise<void> {
    if (this.#delta.size === 0) return;
    const fresh = await putSegment(this.store, this.#name(), [...this.#delta.values()]);
    this.#delta = new Map();
    this.set.replace([fresh, ...this.set.refs]);
  }

  /** Merges a run of segments, and deletes its inputs as retention would. */
  async compact(from: number, count: number): Promise<void> {
    const { refs } = this.set;
    const inputs = refs.slice(from, from + count);
    if (inputs.length === 0) return;
    const output = await compact(this.store, inputs, {
      bottom: from + inputs.length === refs.length,
      nowMs: this.nowMs,
      blobName: this.#name(),
      yield: async () => {},
      isGarbage: garbageTest(this.shapes),
    });
    const outputs: SegmentRef[] = output === undefined ? [] : [output];
    this.set.replace([...refs.slice(0, from), ...outputs, ...refs.slice(from + inputs.length)]);
    for (const { blob } of inputs) await this.store.delete(blob);
  }

  /** Reads all there is, both ways, and compares. */
  async check(): Promise<void> {
    for (const id of ids) {
      const shop = this.shops.get(id);
      const record = await this.set.find(keyOf(id));
      const expected = shop === undefined ? undefined : hex(this.#record(shop));
      expect(record?.value && hex(record.value), `record of ${JSON.stringify(id)}`).to.equal(expected);
      for (const [field, kept] of shop?.fields.entries() ?? []) {
        if (kept.generation !== undefined) await this.#checkField(id, field, kept.entries);
      }
    }
    const timers: string[] = [];
    for (const keyGroup of [0, 1]) {
      const { from, to } = timerRange(keyGroup, 0, 1_000);
      for (const { key } of await collect(this.set.scan(from, to))) timers.push(hex(key));
    }
    expect(timers).to.deep.equal([...this.timers.keys()].sort());
  }

  async #checkField(id: string, field: number, entries: ReadonlyMap<number, Stored>): Promise<void> {
    const prefix = this.#prefix(id, field);
    const isLive = ({ expiresAtMs }: { expiresAtMs?: number | undefined }) =>
      expiresAtMs === undefined || expiresAtMs > this.nowMs;
    const expected = [...entries].filter(([, stored]) => isLive(stored)).sort(([a], [b]) => a - b);
    const scanned = (await collect(this.set.scan(prefix, prefixEnd(prefix)))).filter(isLive);
    const what = `${fieldNames[field]} of ${JSON.stringify(id)}`;
    expect(
      scanned.map(({ key, value }) => [key.at(-1), value?.[0]]),
      what,
    ).to.deep.equal(expected.map(([sub, { value }]) => [sub, value]));
    for (const { key } of scanned) expect(key).to.have.length(prefix.length + 1);
    for (let sub = 0; sub < 4; sub += 1) {
      const found = await this.set.find(entryKey(prefix, Uint8Array.of(sub)));
      const stored = entries.get(sub);
      const value = stored !== undefined && isLive(stored) ? stored.value : undefined;
      expect(found !== undefined && isLive(found) ? found.value?.[0] : undefined, `${what}, ${sub}`).to.equal(value);
    }
  }

  /** How many entries storage would hold if it held nothing that is dead. */
  get liveEntries(): number {
    let count = this.timers.size + this.shops.size;
    for (const { fields } of this.shops.values()) {
      for (const { entries } of fields) {
        for (const { expiresAtMs } of entries.values()) {
          if (expiresAtMs === undefined || expiresAtMs > this.nowMs) count += 1;
        }
      }
    }
    return count;
  }

  #changed(id: string): void {
    this.#write({ key: keyOf(id), value: this.#record(this.shop(id)) });
  }

  #record({ total, fields: [items, visits] }: Shop): Uint8Array {
    const list = { generation: visits?.generation, length: 0 };
    return encodeRecord(this.shapes.numberOf(shape), shape, [
      { value: total },
      { generation: items?.generation },
      list,
    ]);
  }

  #prefix(id: string, field: number): Uint8Array {
    const generation = this.shop(id).fields[field]?.generation as Uint8Array;
    return entryPrefix(keyOf(id), fieldNames[field] as string, generation);
  }

  #write(entry: Entry): void {
    this.#delta.set(hex(entry.key), entry);
  }

  #newGeneration(): Uint8Array {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(4, ++this.#names);
    return bytes;
  }

  #name(): string {
    return `segment-${++this.#names}`;
  }
}

function keyOf(id: string): Uint8Array {
  return recordKey(id.length % 2, shape.type, id);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('garbageTest', () => {
  const id = fc.constantFrom(...ids);
  const field = fc.nat(1);
  const sub = fc.nat(3);
  const value = fc.nat(255);
  type Step = (world: World) => unknown;
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 2,
      arbitrary: fc.tuple(id, value).map(
        ([i, v]): Step =>
          (world) =>
            world.setTotal(i, v),
      ),
    },
    {
      weight: 8,
      arbitrary: fc.tuple(id, field, sub, value, fc.option(fc.nat(30), { nil: undefined, freq: 2 })).map(
        ([i, f, s, v, lifeMs]): Step =>
          (world) => {
            const expiresAtMs = lifeMs === undefined ? undefined : world.nowMs + lifeMs;
            world.putEntry(i, f, s, { value: v, expiresAtMs });
          },
      ),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(id, field, sub).map(
        ([i, f, s]): Step =>
          (world) =>
            world.putEntry(i, f, s, undefined),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(id, field).map(
        ([i, f]): Step =>
          (world) =>
            world.clear(i, f),
      ),
    },
    {
      weight: 1,
      arbitrary: id.map(
        (i): Step =>
          (world) =>
            world.forget(i),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.nat(5), fc.boolean()).map(
        ([n, is]): Step =>
          (world) =>
            world.setTimer(n, is),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.nat(20).map(
        (ms): Step =>
          (world) => {
            world.nowMs += ms;
          },
      ),
    },
    { weight: 4, arbitrary: fc.constant<Step>((world) => world.cut()) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.nat(4), fc.integer({ min: 1, max: 4 })).map(
        ([from, count]): Step =>
          (world) =>
            world.compact(from, count),
      ),
    },
  );

  it('lets compaction drop cleared and forgotten collections, and nothing else, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
        const world = new World();
        for (const [at, act] of steps.entries()) {
          await act(world);
          if (at % 16 !== 15) continue;
          await world.cut();
          await world.check();
        }
        await world.cut();
        await world.check();
        // A merge of everything leaves what is alive and not one entry more.
        await world.compact(0, world.set.refs.length);
        await world.check();
        const stored = world.set.refs.reduce((sum, { entries }) => sum + entries, 0);
        expect(stored).to.equal(world.liveEntries);
      }),
      { numRuns: 300 },
    );
  });

  it('spares what it cannot judge: entries whose record is not among the inputs', () => {
    const isGarbage = garbageTest(new ShapeTable([shape]));
    const prefix = entryPrefix(keyOf('a'), 'items', new Uint8Array(8));
    expect(isGarbage(undefined, { key: entryKey(prefix, Uint8Array.of(1)), value: encode(1) })).to.equal(false);
  });

  it('finds entries of a field that the newest record does not have', () => {
    const generation = new Uint8Array(8).fill(1);
    const shapes = new ShapeTable([shape]);
    const smaller: Shape = { type: shape.type, fields: shape.fields.slice(0, 2) };
    const owner = (of: Shape) => ({
      key: keyOf('a'),
      value: encodeRecord(shapes.numberOf(of), of, [{ value: 1 }, { generation }, { generation, length: 1 }]),
    });
    const visit = { key: entryKey(entryPrefix(keyOf('a'), 'visits', generation), Uint8Array.of(1)), value: encode(1) };
    expect(garbageTest(shapes)(owner(shape), visit)).to.equal(false);
    expect(garbageTest(shapes)(owner(smaller), visit)).to.equal(true);
  });
});
