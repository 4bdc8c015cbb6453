import type { EgressRecord, EgressSink } from '../ports/egress-sink.js';
import type { Position } from '../ports/position.js';

/**
 * A sink in memory that shows each record once: it drops ids it has seen.
 *
 * It outlives the application that writes to it, as a medium would.
 */
export class MemorySink<T> implements EgressSink<T> {
  readonly #records: EgressRecord<T>[] = [];
  readonly #seen = new Set<string>();
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  /** All that was published, in order. */
  get records(): readonly EgressRecord<T>[] {
    return this.#records;
  }

  /** The values of `records`. */
  get values(): T[] {
    return this.#records.map(({ value }) => value);
  }

  /** Resolves as soon as at least `count` records were published. */
  whenCount(count: number): Promise<void> {
    if (this.#records.length >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
    });
  }

  /** Ids make the position needless: what comes again is known by its id, wherever publishing begins. */
  async open(): Promise<Position> {
    return this.#records.length;
  }

  async publish(records: readonly EgressRecord<T>[]): Promise<Position> {
    for (const record of records) {
      if (this.#seen.has(record.id)) continue;
      this.#seen.add(record.id);
      this.#records.push(record);
    }
    this.#tell();
    return this.#records.length;
  }

  async close(): Promise<void> {}

  #tell(): void {
    const count = this.#records.length;
    for (const waiting of this.#waiting) if (waiting.count <= count) waiting.resolve();
    this.#waiting = this.#waiting.filter((waiting) => waiting.count > count);
  }
}
