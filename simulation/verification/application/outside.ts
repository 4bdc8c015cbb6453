import { type DeadLetter, MemorySink, MemorySource } from '@stateful-functions/core';
import { type Arrival, intakes } from './intake.js';
import { type Trace, traces } from './trace.js';

/** What is around the application and outlives it: sources to read from, sinks to write to, in memory. */
export class Outside {
  readonly sources: readonly MemorySource<Arrival>[] = intakes.map(() => new MemorySource<Arrival>());
  readonly sinks: readonly MemorySink<Trace>[] = traces.map(() => new MemorySink<Trace>());
  readonly deadLetters = new MemorySink<DeadLetter>();

  /** All that has come out. */
  get shown(): { readonly traces: readonly Trace[][]; readonly deadLetters: readonly DeadLetter[] } {
    return { traces: this.sinks.map(({ values }) => values), deadLetters: this.deadLetters.values };
  }
}
