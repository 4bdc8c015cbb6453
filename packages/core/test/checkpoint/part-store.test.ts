import { expect } from 'chai';
import fc from 'fast-check';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { inlinedFor } from '../../src/checkpoint/manifest.js';
import { inlinedName, isInlined } from '../../src/checkpoint/part-name.js';
import { PartReader } from '../../src/checkpoint/part-reader.js';
import { PartStore } from '../../src/checkpoint/part-store.js';
import { segment } from './manifests.js';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('PartStore', () => {
  it('keeps what is small and stores what is not, whole and in order, however it comes', async () => {
    const chunk = fc.uint8Array({ maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(chunk), fc.nat(40), async (chunks, inlineBytes) => {
        const store = new MemoryBlobStore();
        const part = new PartStore(store, store, inlineBytes);
        expect(await part.put('a', inTurn(chunks))).to.equal(true);
        const whole = new Uint8Array(Buffer.concat(chunks));
        const isSmall = whole.length <= inlineBytes;
        expect(part.inlined).to.deep.equal(isSmall ? whole : undefined);
        expect(await store.get('a')).to.deep.equal(isSmall ? undefined : whole);
      }),
    );
  });

  it('passes on what fails, of the part and of the store', async () => {
    const store = new MemoryBlobStore();
    const broken = async function* () {
      yield bytes(1);
      throw new Error('no more of it');
    };
    const part = new PartStore(store, store, 8);
    expect(await part.put('a', broken()).catch((error: Error) => error.message)).to.equal('no more of it');
    expect(part.inlined).to.equal(undefined);
    await store.put('b', bytes(1));
    expect(await new PartStore(store, store, 0).put('b', inTurn([bytes(2)]))).to.equal(false);
  });
});

describe('PartReader', () => {
  const name = inlinedName('parts/1-i-a');

  it('reads parts of the manifest and blobs of the store alike, whole and in ranges', async () => {
    const store = new MemoryBlobStore();
    await store.put('parts/1-i-b', bytes(4, 5, 6));
    const reader = PartReader.of(store, { inlined: new Map([[name, bytes(1, 2, 3)]]) });
    expect([isInlined(name), isInlined('parts/1-i-b')]).to.deep.equal([true, false]);
    expect(await reader.get(name)).to.deep.equal(bytes(1, 2, 3));
    expect(await reader.get(name, { offset: 1, length: 9 })).to.deep.equal(bytes(2, 3));
    expect(await reader.get('parts/1-i-b', { offset: 2, length: 1 })).to.deep.equal(bytes(6));
    expect(await reader.get(inlinedName('parts/1-i-b'))).to.equal(undefined);
    expect(await reader.get('parts/1-i-a')).to.equal(undefined);
  });

  it('asks for parts that are not at hand when the first is read, once, and again after a failure', async () => {
    const reader = new PartReader(new MemoryBlobStore());
    let asked = 0;
    reader.replace(async () => {
      asked += 1;
      if (asked === 1) throw new Error('the store is away');
      return new Map([[name, bytes(1)]]);
    });
    expect(asked).to.equal(0);
    expect(await reader.get(name).catch((error: Error) => error.message)).to.equal('the store is away');
    for (let round = 0; round < 3; round += 1) expect(await reader.get(name)).to.deep.equal(bytes(1));
    expect(asked).to.equal(2);
    reader.replace(async () => undefined);
    expect(await reader.get(name), 'of a manifest that is gone').to.equal(undefined);
  });
});

describe('inlinedFor', () => {
  const name = inlinedName('parts/1-i-a');
  const other = inlinedName('parts/1-i-b');
  const atHand = new Map([
    [name, bytes(1, 2, 3)],
    [other, bytes(4)],
  ]);
  const inFlight = (offset: number, length: number) => ({ slot: 0, blob: name, offset, length });

  it('takes of each part as much as is referred to, and nothing else', () => {
    const both = { segments: [segment(name)], parts: [inFlight(1, 2)] };
    expect(inlinedFor(both, atHand)).to.deep.equal(new Map([[name, bytes(1, 2, 3)]]));
    const later = { segments: [segment(other), segment(name), segment('parts/1-i-c')], parts: [] };
    expect(inlinedFor(later, atHand)).to.deep.equal(
      new Map([
        [other, bytes(4)],
        [name, bytes(1)],
      ]),
    );
  });

  it('refuses to make a manifest that is not whole', () => {
    expect(() => inlinedFor({ segments: [segment(inlinedName('parts/1-i-c'))], parts: [] }, atHand)).to.throw(
      'at hand',
    );
    expect(() => inlinedFor({ segments: [], parts: [inFlight(2, 2)] }, atHand)).to.throw('at hand');
  });
});

async function* inTurn(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* chunks;
}
