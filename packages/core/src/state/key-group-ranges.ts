import { invariant } from '../sdk/errors.js';

/** A stretch of KeyGroups as plain data: from the first one up to, and without, the second. */
export type KeyGroupRange = readonly [from: number, to: number];

/**
 * A set of KeyGroups, as ranges. Immutable.
 *
 * Invariant: the ranges are not empty, ascend, and neither overlap nor touch. So equal sets have equal ranges, and there are
 * never more of them than needed.
 */
export class KeyGroupRanges implements Iterable<KeyGroupRange> {
  static readonly none = new KeyGroupRanges([]);

  /** How many KeyGroups it holds. */
  readonly size: number;
  /** The first of a range, where it ends, the first of the next one, …: strictly ascending. */
  readonly #bounds: readonly number[];

  private constructor(bounds: readonly number[]) {
    let size = 0;
    for (let at = 0; at < bounds.length; at += 2) size += (bounds[at + 1] as number) - (bounds[at] as number);
    this.#bounds = bounds;
    this.size = size;
  }

  /** All KeyGroups of an application. */
  static all(maxParallelism: number): KeyGroupRanges {
    return KeyGroupRanges.of([[0, maxParallelism]]);
  }

  /**
   * The KeyGroups of `ranges`, which may be in any order and touch. Also the way back from plain data, whoever made it.
   *
   * @throws SF_BROKEN_INVARIANT if a range is empty or not of KeyGroups, or if two overlap: a KeyGroup named twice was meant
   * for two owners.
   */
  static of(ranges: Iterable<KeyGroupRange>): KeyGroupRanges {
    const sorted = [...ranges].sort(([left], [right]) => left - right);
    const bounds: number[] = [];
    for (const [from, to] of sorted) {
      invariant(
        Number.isSafeInteger(from) && Number.isSafeInteger(to),
        'a range of KeyGroups has bounds that are not whole',
      );
      invariant(from >= 0 && from < to, 'a range of KeyGroups is empty or begins below zero');
      const end = bounds.at(-1);
      invariant(end === undefined || end <= from, 'two ranges of KeyGroups overlap');
      if (end === from) bounds[bounds.length - 1] = to;
      else bounds.push(from, to);
    }
    return new KeyGroupRanges(bounds);
  }

  /** Takes time in the logarithm of the number of ranges. */
  contains(keyGroup: number): boolean {
    return this.#boundsUpTo(keyGroup) % 2 === 1;
  }

  /** Whether some KeyGroup is in both. */
  overlaps(other: KeyGroupRanges): boolean {
    // A range that begins outside of ours meets the next of them if that begins before it ends.
    for (const [from, to] of other) {
      const before = this.#boundsUpTo(from);
      if (before % 2 === 1 || (this.#bounds[before] ?? to) < to) return true;
    }
    return false;
  }

  /** The KeyGroups that are in either. */
  union(other: KeyGroupRanges): KeyGroupRanges {
    const sorted = [...this, ...other].sort(([left], [right]) => left - right);
    const bounds: number[] = [];
    for (const [from, to] of sorted) {
      const end = bounds.at(-1);
      if (end === undefined || end < from) bounds.push(from, to);
      else if (end < to) bounds[bounds.length - 1] = to;
    }
    return new KeyGroupRanges(bounds);
  }

  equals(other: KeyGroupRanges): boolean {
    const { length } = this.#bounds;
    return length === other.#bounds.length && this.#bounds.every((bound, at) => bound === other.#bounds[at]);
  }

  /** The ranges, ascending. */
  *[Symbol.iterator](): IterableIterator<KeyGroupRange> {
    for (let at = 0; at < this.#bounds.length; at += 2) {
      yield [this.#bounds[at] as number, this.#bounds[at + 1] as number];
    }
  }

  /** Each KeyGroup, ascending. */
  *keyGroups(): IterableIterator<number> {
    for (const [from, to] of this) for (let keyGroup = from; keyGroup < to; keyGroup += 1) yield keyGroup;
  }

  /** The form to send and to store; `KeyGroupRanges.of` is the way back. */
  toData(): KeyGroupRange[] {
    return [...this];
  }

  toString(): string {
    return this.size === 0 ? 'none' : [...this].map(([from, to]) => `${from}–${to - 1}`).join(', ');
  }

  /** How many bounds are at or below `keyGroup`; an odd number means that it is inside of a range. */
  #boundsUpTo(keyGroup: number): number {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#bounds[middle] as number) <= keyGroup) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
