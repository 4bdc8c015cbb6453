/** Of so many synchronous invocations one is timed: reading the clock for each would cost a tenth of what it takes to handle it. */
const timedOneOf = 64;
/** So many durations are kept until they are taken; there is room again then. */
const mostDurations = 1_024;

/**
 * What became of the invocations of one function type since its worker started.
 *
 * Plain fields, because every message counts here: whoever wants to know reads them from time to time.
 */
export class FunctionFigures {
  invocations = 0;
  failures = 0;
  retries = 0;
  /** Activations that were dropped from memory. */
  passivations = 0;
  /** Whether its handlers are asynchronous, as far as is known: next to what those cost, the clock is cheap. */
  isAsync = false;
  #durationsMs: number[] = [];

  /** Whether the next invocation is to be timed. */
  get wantsDuration(): boolean {
    return (this.isAsync || this.invocations % timedOneOf === 0) && this.#durationsMs.length < mostDurations;
  }

  took(durationMs: number): void {
    this.#durationsMs.push(durationMs);
  }

  /** The durations of the invocations that were timed since the last call. */
  takeDurationsMs(): readonly number[] {
    const durationsMs = this.#durationsMs;
    this.#durationsMs = [];
    return durationsMs;
  }
}
