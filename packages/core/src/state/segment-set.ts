import type { BlobStore } from '../ports/blob-store.js';
import type { BlockCache } from './block-cache.js';
import type { Entry } from './entry.js';
import { mergeEntries } from './merge.js';
import { Segment, type SegmentRef } from './segment.js';

export type { Entry } from './entry.js';

/** The live segments of an application, newest first: what is committed, and where memory does not know better, what is. */
export class SegmentSet {
  readonly #store: BlobStore;
  readonly #cache: BlockCache;
  #refs: readonly SegmentRef[] = [];
  /** Opened on first use, each once. */
  #segments: (Segment | Promise<Segment> | undefined)[] = [];

  constructor(store: BlobStore, cache: BlockCache) {
    this.#store = store;
    this.#cache = cache;
  }

  get refs(): readonly SegmentRef[] {
    return this.#refs;
  }

  /** Takes over a new manifest's list. Searches under way go on with the old one. */
  replace(refs: readonly SegmentRef[]): void {
    const open = new Map(this.#refs.map((ref, index) => [ref.blob, this.#segments[index]]));
    this.#refs = refs;
    this.#segments = refs.map((ref) => open.get(ref.blob));
  }

  /** Opens all segments, so that a search need not wait for their footers. */
  async open(): Promise<void> {
    for (let index = 0; index < this.#refs.length; index += 1) await this.#segment(this.#refs, this.#segments, index);
  }

  /** The newest entry under a key; `undefined` for none or a tombstone. A promise only when storage has to be read. */
  find(key: Uint8Array): Entry | undefined | Promise<Entry | undefined> {
    const refs = this.#refs;
    const segments = this.#segments;
    for (let index = 0; index < refs.length; index += 1) {
      const segment = segments[index];
      if (!(segment instanceof Segment)) return this.#findFrom(refs, segments, index, key);
      const found = segment.find(key);
      if (found instanceof Promise) return found.then((entry) => (entry === undefined ? this.#findFrom(refs, segments, index + 1, key) : live(entry)));
      if (found !== undefined) return live(found);
    }
    return undefined;
  }

  /** The live entries with `from <= key < to`, in order. */
  async *scan(from: Uint8Array, to: Uint8Array | undefined): AsyncGenerator<Entry, void, undefined> {
    const refs = this.#refs;
    const segments = this.#segments;
    const scans: AsyncIterator<Entry>[] = [];
    for (let index = 0; index < refs.length; index += 1) scans.push((await this.#segment(refs, segments, index)).scan(from, to));
    for await (const entry of mergeEntries(scans)) if (entry.value !== undefined) yield entry;
  }

  async #findFrom(
    refs: readonly SegmentRef[],
    segments: (Segment | Promise<Segment> | undefined)[],
    from: number,
    key: Uint8Array,
  ): Promise<Entry | undefined> {
    for (let index = from; index < refs.length; index += 1) {
      const found = await (await this.#segment(refs, segments, index)).find(key);
      if (found !== undefined) return live(found);
    }
    return undefined;
  }

  async #segment(refs: readonly SegmentRef[], segments: (Segment | Promise<Segment> | undefined)[], index: number): Promise<Segment> {
    const known = segments[index];
    if (known !== undefined) return known;
    const opening = Segment.open(this.#store, refs[index] as SegmentRef, this.#cache);
    segments[index] = opening;
    try {
      const segment = await opening;
      segments[index] = segment;
      return segment;
    } catch (error) {
      segments[index] = undefined;
      throw error;
    }
  }
}

function live(entry: Entry): Entry | undefined {
  return entry.value === undefined ? undefined : entry;
}
