import type { IngressReader, IngressRecord, IngressSource } from '../ports/ingress-source.js';
import type { Position } from '../ports/position.js';
import { StatefulFunctionsError } from '../sdk/errors.js';

/**
 * A source in memory, for tests, benchmarks and programs that feed an application themselves.
 *
 * It outlives the application that reads it: values are kept until they are acknowledged, so a restarted application reads
 * again what its last committed checkpoint does not have. A position is the number of values before it.
 *
 * **Gotchas**
 * Values are handed out as they were pushed, not copied: whoever pushes an object and changes it later changes what is read.
 */
export class MemorySource<T> implements IngressSource<T> {
  /** Values from number `#dropped` on. */
  readonly #values: T[];
  #dropped = 0;
  #acknowledged = 0;
  #ended = false;
  readonly #waiting = new Set<() => void>();

  constructor(values: Iterable<T> = []) {
    this.#values = [...values];
  }

  /** Adds values at the end. @throws SF_SOURCE after `end` */
  push(...values: T[]): void {
    if (this.#ended) {
      throw new StatefulFunctionsError(
        'SF_SOURCE',
        'a value was pushed to a memory source that has ended. Push before end().',
      );
    }
    for (const value of values) this.#values.push(value);
    this.#wake();
  }

  /** No more values come: readers end once they have read all. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** How many values were pushed. */
  get length(): number {
    return this.#dropped + this.#values.length;
  }

  /** How many values are known to be in a committed checkpoint. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  async open(position: Position | undefined): Promise<IngressReader<T>> {
    const start = position ?? 0;
    if (typeof start !== 'number' || start < this.#acknowledged || start > this.length) {
      throw new StatefulFunctionsError(
        'SF_SOURCE_POSITION',
        `a memory source that holds values ${this.#acknowledged} to ${this.length} has no position ${JSON.stringify(start)}. ` +
          'Give the application the source it had before, or begin with an empty checkpoint directory.',
      );
    }
    return new MemoryReader(start, {
      slice: (from, max) => this.#slice(from, max),
      hasEnded: (at) => this.#ended && at === this.length,
      behind: (at) => this.length - at,
      acknowledge: (upTo) => this.#acknowledge(upTo),
      waiting: this.#waiting,
    });
  }

  #slice(from: number, max: number): IngressRecord<T>[] {
    const records: IngressRecord<T>[] = [];
    const to = Math.min(from + max, this.length);
    for (let at = from; at < to; at++) {
      records.push({ position: at + 1, value: this.#values[at - this.#dropped] as T });
    }
    return records;
  }

  #acknowledge(upTo: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, upTo);
    const done = this.#acknowledged - this.#dropped;
    // Removing from the front moves all that stay, so it waits until that is at most half.
    if (done * 2 < this.#values.length) return;
    this.#values.splice(0, done);
    this.#dropped += done;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

/** What a reader sees of its source. */
interface Values<T> {
  slice(from: number, max: number): IngressRecord<T>[];
  hasEnded(at: number): boolean;
  behind(at: number): number;
  acknowledge(upTo: number): void;
  readonly waiting: Set<() => void>;
}

class MemoryReader<T> implements IngressReader<T> {
  #at: number;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(
    start: number,
    readonly values: Values<T>,
  ) {
    this.#at = start;
  }

  async read(max: number): Promise<readonly IngressRecord<T>[] | undefined> {
    while (!this.#closed) {
      const records = this.values.slice(this.#at, max);
      if (records.length > 0) {
        this.#at += records.length;
        return records;
      }
      if (this.values.hasEnded(this.#at)) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.values.waiting.add(resolve);
      });
    }
    return undefined;
  }

  lag(): number {
    return this.values.behind(this.#at);
  }

  async acknowledge(position: Position): Promise<void> {
    if (typeof position === 'number') this.values.acknowledge(position);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#wake === undefined) return;
    this.values.waiting.delete(this.#wake);
    this.#wake();
  }
}
