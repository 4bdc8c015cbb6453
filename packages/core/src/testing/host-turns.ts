import { NodeScheduler } from '../node/node-scheduler.js';

/** How many are asked for at once. */
const batch = 16;

/**
 * Turns of the host's event loop, for whoever waits for one after the other, thousands of times.
 *
 * Every promise that can settle does so between two callbacks of the host, also between those of one round of its event loop. So
 * callbacks are asked for by the dozen, and one of them is a turn: a round for each costs more than what most turns are for.
 */
export class HostTurns {
  readonly #host = new NodeScheduler();
  /** Callbacks that were asked for and have not come yet. */
  #ahead = 0;
  #waiting: (() => void) | undefined;

  /** Resolves in the next turn, when every promise has settled that can. For one who waits at a time. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      if (this.#ahead > 0) return;
      this.#ahead = batch;
      for (let count = 0; count < batch; count++) this.#host.defer(this.#come);
    });
  }

  readonly #come = (): void => {
    this.#ahead -= 1;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  };
}
