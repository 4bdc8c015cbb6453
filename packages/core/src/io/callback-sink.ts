import type { EgressRecord, EgressSink } from '../ports/egress-sink.js';
import type { Position } from '../ports/position.js';

/** Called for each record, one at a time and in order; has taken the record when it returns or its promise resolves. */
export type EgressCallback<T> = (value: T, record: EgressRecord<T>) => void | Promise<void>;

/**
 * Hands each record to a function: the quickest way to call something outside.
 *
 * **Gotchas**
 * At-least-once: a record whose callback ran shortly before a crash comes again after it, with the same `record.id`. Where
 * twice is worse than once, give that id to the other side as its idempotency key.
 * A callback that throws is called again with the same record, for about a minute and with longer and longer pauses; then the
 * application ends. Throw a `StatefulFunctionsError` where trying again is of no use, and catch what should stop nothing.
 */
export class CallbackSink<T> implements EgressSink<T> {
  readonly #callback: EgressCallback<T>;
  #taken = 0;
  /** Taken from a batch that then failed: not handed out again when it is retried. */
  readonly #takenOfFailed = new Set<string>();

  constructor(callback: EgressCallback<T>) {
    this.#callback = callback;
  }

  async open(position: Position | undefined): Promise<Position> {
    this.#taken = typeof position === 'number' ? position : 0;
    return this.#taken;
  }

  async publish(records: readonly EgressRecord<T>[]): Promise<Position> {
    for (const record of records) {
      if (this.#takenOfFailed.has(record.id)) continue;
      await this.#callback(record.value, record);
      this.#takenOfFailed.add(record.id);
    }
    this.#takenOfFailed.clear();
    this.#taken += records.length;
    return this.#taken;
  }

  async close(): Promise<void> {}
}
