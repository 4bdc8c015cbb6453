import type { Trace } from '../application/trace.js';
import type { VerificationWorkload } from '../workload/workload.js';

/** Tells when all that is certain has come out: after that, and the workload's time of rest, there is nothing to wait for. */
export class Progress {
  readonly #missing: Set<string>;
  readonly #deadLetters: number;
  /** How much of each egress has been seen. */
  readonly #seen: number[] = [];

  constructor({ model }: VerificationWorkload) {
    const { traces, deadLetters } = model.certain;
    this.#missing = new Set(traces.keys());
    this.#deadLetters = deadLetters.size;
  }

  /** How many records are missing. */
  get missing(): number {
    return this.#missing.size;
  }

  /** @param traces all that has come out of each egress so far. */
  isComplete(traces: readonly (readonly Trace[])[], deadLetters: number): boolean {
    for (const [egress, records] of traces.entries()) {
      for (let at = this.#seen[egress] ?? 0; at < records.length; at += 1)
        this.#missing.delete((records[at] as Trace).id);
      this.#seen[egress] = records.length;
    }
    return this.#missing.size === 0 && deadLetters >= this.#deadLetters;
  }
}
