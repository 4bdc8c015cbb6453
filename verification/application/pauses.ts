import type { Scheduler } from '@stateful-functions/core';

/** Lets handlers wait, on the clock of the machine they run on. */
export class Pauses {
  readonly #scheduler: () => Scheduler;

  /** @param scheduler asked for at each wait, since a machine that starts again may have another. */
  constructor(scheduler: () => Scheduler) {
    this.#scheduler = scheduler;
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#scheduler().after(ms, resolve));
  }
}
