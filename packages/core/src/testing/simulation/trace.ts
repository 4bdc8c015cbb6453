import type { Clock } from '../../ports/clock.js';

/** What happened in a run, in order: for people who look for the cause of a violation, and to compare two runs. */
export class Trace {
  readonly #lines: string[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Virtual time, node, event. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  note(node: string, event: string): void {
    this.#lines.push(`${this.#clock.monotonic().toFixed(2).padStart(12)}  ${node.padEnd(8)}  ${event}`);
  }
}
