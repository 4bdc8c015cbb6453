import { expect } from 'chai';
import fc from 'fast-check';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { encodeInFlight, readInFlight } from '../../src/checkpoint/in-flight.js';
import { StatefulFunctionsError } from '../../src/sdk/errors.js';
import { rejection } from './coded.js';

const blob = 'parts/p';

/** Writes a section between two stretches of other data, as it lies behind a segment. */
async function stored(blocks: Iterable<Uint8Array>) {
  const section = Buffer.concat([...blocks]);
  const store = new MemoryBlobStore();
  await store.put(blob, Buffer.concat([Buffer.alloc(37, 1), section, Buffer.alloc(11, 2)]));
  return { store, offset: 37, length: section.length };
}

async function readAll(store: MemoryBlobStore, offset: number, length: number): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of readInFlight(store, blob, offset, length)) items.push(item);
  return items;
}

describe('in-flight section', () => {
  it('gives back any items in order, however large', async () => {
    const item = fc.oneof(fc.string(), fc.integer(), fc.record({ to: fc.string(), body: fc.array(fc.integer()) }));
    const sized = fc.record({ times: fc.integer({ min: 1, max: 300 }), text: fc.string({ maxLength: 2_000 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            item,
            sized.map(({ times, text }) => text.repeat(times)),
          ),
        ),
        async (items) => {
          const { store, offset, length } = await stored(encodeInFlight(items));
          expect(await readAll(store, offset, length)).to.deep.equal(items);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('cuts many items into blocks of about 64 KiB, and reads them across requests', async () => {
    const items = Array.from({ length: 40_000 }, (_, id) => ({ id, text: `message ${id} `.repeat(4) }));
    const blocks = [...encodeInFlight(items)];
    expect(Math.max(...blocks.map((block) => block.length))).to.be.at.most(64 * 1024);
    expect(Math.min(...blocks.slice(0, -1).map((block) => block.length))).to.be.above(63 * 1024);
    const { store, offset, length } = await stored(blocks);
    expect(length).to.be.above(2 * 1024 * 1024);
    expect(await readAll(store, offset, length)).to.deep.equal(items);
  });

  it('gives out a block before it asks for the items of the next', () => {
    let asked = 0;
    function* items() {
      for (; asked < 1_000; asked += 1) yield 'x'.repeat(1_000);
    }
    encodeInFlight(items()).next();
    expect(asked).to.be.below(70);
  });

  it('reports every damaged byte, naming blob and offset, and gives out nothing of the block', async () => {
    const items = ['a', { to: 'test/thing', id: 7 }, [1, 2]];
    const section = Buffer.concat([...encodeInFlight(items)]);
    for (let at = 0; at < section.length; at += 1) {
      const flipped = Buffer.from(section);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      const { store, offset, length } = await stored([flipped]);
      const seen: unknown[] = [];
      try {
        for await (const item of readInFlight(store, blob, offset, length)) seen.push(item);
        expect.fail(`byte ${at} was not noticed`);
      } catch (error) {
        expect(error).to.be.instanceOf(StatefulFunctionsError).with.property('code', 'SF_DAMAGED');
        expect(error)
          .to.have.property('message')
          .that.matches(/parts\/p is damaged at byte \d+/);
      }
      expect(seen).to.deep.equal([]);
    }
  });

  it('notices lost, repeated and exchanged blocks, and a blob that is too short or gone', async () => {
    const [a, b, c] = [...encodeInFlight(Array.from({ length: 3 }, (_, id) => `${id}`.repeat(65_000)))];
    if (a === undefined || b === undefined || c === undefined) throw new Error('expected three blocks');
    for (const blocks of [
      [a, c],
      [b, c],
      [a, a, b, c],
      [a, c, b],
    ]) {
      const { store, offset, length } = await stored(blocks);
      await rejection('SF_DAMAGED', readAll(store, offset, length));
    }
    const { store, offset, length } = await stored([a, b, c]);
    await rejection('SF_DAMAGED', readAll(store, offset, length - a.length + 1));
    await rejection('SF_DAMAGED', readAll(store, offset, length + 100));
    await rejection('SF_MISSING_BLOB', readAll(new MemoryBlobStore(), offset, length));
  });
});
