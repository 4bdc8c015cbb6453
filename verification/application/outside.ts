import {
  type DeadLetter,
  type EgressSink,
  type IngressSource,
  MemorySink,
  MemorySource,
} from '@stateful-functions/core';
import { type Arrival, intakes } from './intake.js';
import { type Trace, traces } from './trace.js';

/** The ways in and out of the application. */
export interface Surroundings {
  /** Of each intake. */
  readonly sources: readonly IngressSource<Arrival>[];
  /** Of each egress for traces. */
  readonly sinks: readonly EgressSink<Trace>[];
  readonly deadLetters: EgressSink<DeadLetter>;
}

/** What is around the application and outlives it: sources to read from, sinks to write to, in memory. */
export class Outside implements Surroundings {
  readonly sources: readonly MemorySource<Arrival>[] = intakes.map(() => new MemorySource<Arrival>());
  readonly sinks: readonly MemorySink<Trace>[] = traces.map(() => new MemorySink<Trace>());
  readonly deadLetters = new MemorySink<DeadLetter>();

  /** All that has come out. */
  get shown(): { readonly traces: readonly Trace[][]; readonly deadLetters: readonly DeadLetter[] } {
    return { traces: this.sinks.map(({ values }) => values), deadLetters: this.deadLetters.values };
  }
}
