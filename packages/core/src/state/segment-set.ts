import type { BlobReader } from '../ports/blob-store.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import type { BlockCache } from './block-cache.js';
import { bloomHash } from './bloom-filter.js';
import type { Entry } from './entry.js';
import { compareBytes, prefixEnd, sweepEnd } from './key.js';
import { MergeCursor } from './merge-cursor.js';
import { Segment, type SegmentRef } from './segment.js';
import { SegmentCursor } from './segment-cursor.js';

export type { Entry } from './entry.js';

/**
 * The committed state: the live segments of a manifest, the newer before the older.
 *
 * A segment is opened once: by `open`, or when something is first looked for in it.
 *
 * A read ends on the list it began with, unless other segments are put in place meanwhile and the blobs of the former ones are
 * deleted under it: then it goes on with the new list, which holds all that the former did.
 */
export class SegmentSet {
  readonly #store: BlobReader;
  readonly #cache: BlockCache;
  #refs: readonly SegmentRef[] = [];
  readonly #segments = new Map<string, Segment | Promise<Segment>>();

  constructor(store: BlobReader, cache: BlockCache) {
    this.#store = store;
    this.#cache = cache;
  }

  /** The live segments, newest first. */
  get refs(): readonly SegmentRef[] {
    return this.#refs;
  }

  /** Puts other segments in place, newest first. */
  replace(refs: readonly SegmentRef[]): void {
    this.#refs = refs;
    const live = new Set(refs.map(({ blob }) => blob));
    for (const [blob, segment] of this.#segments) {
      if (live.has(blob)) continue;
      this.#segments.delete(blob);
      if (segment instanceof Segment) segment.close();
    }
  }

  /**
   * Opens all segments, of which that reads the footers: so that one that is gone is found now, and later reads wait for blocks
   * only.
   *
   * @throws SF_MISSING_BLOB
   * @throws SF_DAMAGED
   */
  async open(): Promise<void> {
    await Promise.all(this.#refs.map((ref) => this.#segment(ref)));
  }

  /**
   * The newest entry under a key; `undefined` when there is none or it was removed. Whether it has expired is for the caller to
   * judge. A promise only when something has to be read for it.
   *
   * @throws SF_MISSING_BLOB
   * @throws SF_DAMAGED
   */
  find(key: Uint8Array): Entry | undefined | Promise<Entry | undefined> {
    const refs = this.#refs;
    const found = this.#findFrom(0, refs, key, bloomHash(key));
    if (!(found instanceof Promise)) return found;
    return found.catch((error: unknown) => {
      if (this.#isOutdated(refs, error)) return this.find(key);
      throw error;
    });
  }

  /**
   * The entries with keys in [from, to) in ascending order: the newest version of each, without those removed.
   *
   * A sweep over the timers of a key group or one generation of a map or list reads nothing of segments that have none of it.
   */
  async *scan(from: Uint8Array, to: Uint8Array | undefined): AsyncGenerator<Entry, void, undefined> {
    let refs = this.#refs;
    let merge: MergeCursor | undefined;
    let last: Uint8Array | undefined;
    for (;;) {
      try {
        merge ??= await this.#mergeOf(refs, last === undefined ? from : justBehind(last), to);
        const moved = merge.next();
        if (!(typeof moved === 'boolean' ? moved : await moved)) return;
      } catch (error) {
        if (!this.#isOutdated(refs, error)) throw error;
        refs = this.#refs;
        merge = undefined;
        continue;
      }
      if (merge.entry.isTombstone) continue;
      const entry = merge.entry.entry();
      last = entry.key;
      yield entry;
    }
  }

  /** A merge of the segments that may have entries with keys in [from, to). */
  async #mergeOf(refs: readonly SegmentRef[], from: Uint8Array, to: Uint8Array | undefined): Promise<MergeCursor> {
    const hash = sweepHash(from, to);
    const cursors: SegmentCursor[] = [];
    for (const ref of refs) {
      const known = this.#segment(ref);
      const segment = known instanceof Segment ? known : await known;
      if (hash === undefined || segment.mayContain(hash)) cursors.push(new SegmentCursor(segment, { from, to }));
    }
    return new MergeCursor(cursors);
  }

  /** Whether a read of `refs` failed only since they were replaced and deleted meanwhile. */
  #isOutdated(refs: readonly SegmentRef[], error: unknown): boolean {
    return refs !== this.#refs && error instanceof StatefulFunctionsError && error.code === 'SF_MISSING_BLOB';
  }

  #findFrom(
    start: number,
    refs: readonly SegmentRef[],
    key: Uint8Array,
    hash: number,
  ): Entry | undefined | Promise<Entry | undefined> {
    for (let index = start; index < refs.length; index += 1) {
      const segment = this.#segment(refs[index] as SegmentRef);
      const found = segment instanceof Segment ? segment.find(key, hash) : segment.then((open) => open.find(key, hash));
      if (found instanceof Promise) {
        return found.then((entry) =>
          entry === undefined ? this.#findFrom(index + 1, refs, key, hash) : unlessRemoved(entry),
        );
      }
      if (found !== undefined) return unlessRemoved(found);
    }
    return undefined;
  }

  #segment(ref: SegmentRef): Segment | Promise<Segment> {
    const known = this.#segments.get(ref.blob);
    if (known !== undefined) return known;
    const opening = Segment.open(this.#store, ref, this.#cache);
    this.#segments.set(ref.blob, opening);
    opening.then(
      (segment) => this.#opened(ref.blob, opening, segment),
      () => this.#opened(ref.blob, opening, undefined), // Whoever waits is told; the next one tries again.
    );
    return opening;
  }

  #opened(blob: string, opening: Promise<Segment>, segment: Segment | undefined): void {
    if (this.#segments.get(blob) !== opening)
      segment?.close(); // Replaced while it was opened.
    else if (segment === undefined) this.#segments.delete(blob);
    else this.#segments.set(blob, segment);
  }
}

function unlessRemoved(entry: Entry): Entry | undefined {
  return entry.value === undefined ? undefined : entry;
}

/** The least key behind `key`. */
function justBehind(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** What to ask bloom filters of before a scan, when all keys in its range share one sweep's prefix. */
function sweepHash(from: Uint8Array, to: Uint8Array | undefined): number | undefined {
  const length = sweepEnd(from);
  if (length === 0 || to === undefined) return undefined;
  const prefix = from.subarray(0, length);
  const end = prefixEnd(prefix);
  return end === undefined || compareBytes(to, end) <= 0 ? bloomHash(prefix) : undefined;
}
