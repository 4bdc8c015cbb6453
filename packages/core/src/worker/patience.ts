import type { Scheduler } from '../ports/scheduler.js';

/** The pause before the first new attempt, which doubles up to the longest. */
const firstPauseMs = 100;
const longestPauseMs = 10_000;
/** Pauses in a row of together so long are enough. */
const patienceMs = 60_000;

/** For how long something outside that fails is tried again, with longer and longer pauses. What succeeds has all of it again. */
export class Patience {
  readonly #scheduler: Scheduler;
  #pauseMs = firstPauseMs;
  #waitedMs = 0;
  #isOver = false;
  #wake: () => void = () => {};

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  succeeded(): void {
    this.#pauseMs = firstPauseMs;
    this.#waitedMs = 0;
  }

  /** Waits until the next attempt is due; whether there is to be one. */
  async pause(): Promise<boolean> {
    if (this.#isOver || this.#waitedMs >= patienceMs) return false;
    const pauseMs = this.#pauseMs;
    this.#waitedMs += pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    await new Promise<void>((resolve) => {
      const timer = this.#scheduler.after(pauseMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
    return !this.#isOver;
  }

  /** There are no more attempts: ends a pause, too. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }
}
