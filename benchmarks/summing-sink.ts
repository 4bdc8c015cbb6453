import type { EgressRecord, EgressSink } from '@stateful-functions/core';

/** Adds up what is published. */
export class SummingSink implements EgressSink<number> {
  count = 0;
  sum = 0;

  async open(): Promise<number> {
    return 0;
  }

  async publish(records: readonly EgressRecord<number>[]): Promise<number> {
    this.count += records.length;
    for (const { value } of records) this.sum += value;
    return this.count;
  }

  async close(): Promise<void> {}
}
