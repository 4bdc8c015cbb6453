import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';

/** A stretch of time, in milliseconds of `performance.now()`. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Turns of the event loop that are shorter are nobody's concern. */
const leastMs = 0.5;
/** The collector's pauses are told of a little later. */
const settleMs = 20;

/** Watches how long the event loop takes for a turn, and what of that is the garbage collector's. */
export class Stretches {
  readonly #turns: Stretch[] = [];
  readonly #pauses: Stretch[] = [];
  readonly #observer: PerformanceObserver;
  #isStopped = false;

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries())
        this.#pauses.push({ fromMs: startTime, toMs: startTime + duration });
    });
    this.#observer.observe({ entryTypes: ['gc'] });
    void this.#watch();
  }

  /** The longest pause so far. */
  get longestPauseMs(): number {
    return this.#pauses.reduce((most, { fromMs, toMs }) => Math.max(most, toMs - fromMs), 0);
  }

  /** The longest turn between two times, without the collector's pauses in it. */
  async longest(fromMs: number, toMs: number): Promise<number> {
    await wait(settleMs);
    let most = 0;
    for (const turn of this.#turns) {
      if (turn.toMs < fromMs || turn.fromMs > toMs) continue;
      const pausedMs = this.#pauses.reduce((sum, pause) => sum + overlapMs(turn, pause), 0);
      most = Math.max(most, turn.toMs - turn.fromMs - pausedMs);
    }
    return most;
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#observer.disconnect();
  }

  async #watch(): Promise<void> {
    for (let fromMs = performance.now(); !this.#isStopped; ) {
      await nextTurn();
      const toMs = performance.now();
      if (toMs - fromMs >= leastMs) this.#turns.push({ fromMs, toMs });
      fromMs = toMs;
    }
  }
}

function overlapMs(a: Stretch, b: Stretch): number {
  return Math.max(0, Math.min(a.toMs, b.toMs) - Math.max(a.fromMs, b.fromMs));
}
