import { type Handlers, Persisted, StatefulFunction } from '@stateful-functions/core';
import { Counter } from './counter.js';

/** Counts. What is marked `@Persisted` is kept, whatever happens to the process. */
@StatefulFunction(Counter)
export class CounterFn implements Handlers<typeof Counter> {
  @Persisted() count = 0;

  increment(): number {
    this.count += 1;
    return this.count;
  }

  value(): number {
    return this.count;
  }
}
