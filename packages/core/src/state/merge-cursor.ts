import { invariant } from '../sdk/errors.js';
import type { BlockCursor } from './block-cursor.js';
import type { SegmentCursor } from './segment-cursor.js';

/** Walks over several segments as if they were one: in the order of keys, and of each key only its newest version. */
export class MergeCursor {
  /** Sources that are not at their end, newest first. */
  #sources: SegmentCursor[];
  /** Sources that stand at the current key, newest first. */
  #current: SegmentCursor[];

  /** @param sources cursors of the segments, newest first, none of them moved yet. */
  constructor(sources: readonly SegmentCursor[]) {
    this.#sources = [...sources];
    this.#current = [...sources];
  }

  /** Moves to the next key; `false` behind the last. A promise only when a block has to be read for it. */
  next(): boolean | Promise<boolean> {
    let pending: Promise<boolean>[] | undefined;
    for (const source of this.#current) {
      const moved = source.next();
      if (typeof moved === 'boolean') continue;
      pending ??= [];
      pending.push(moved);
    }
    return pending === undefined ? this.#select() : Promise.all(pending).then(() => this.#select());
  }

  /** The newest version of the current key. */
  get entry(): BlockCursor {
    const newest = this.#current[0];
    invariant(newest !== undefined, 'a merge is read where it has an entry');
    return newest.block;
  }

  #select(): boolean {
    const current = this.#current;
    if (current.some((source) => source.isDone)) this.#sources = this.#sources.filter((source) => !source.isDone);
    current.length = 0;
    for (const source of this.#sources) {
      const least = current[0];
      const order = least === undefined ? 0 : source.block.compare(least.block.key, least.block.keyLength);
      if (order > 0) continue;
      if (order < 0) current.length = 0;
      current.push(source);
    }
    return current.length > 0;
  }
}
