import type { Clock } from '../ports/clock.js';

/** A wall clock that leads by more than this is believed: the machine slept, or its clock was set forward. */
const believeLeadMs = 1_000;

/**
 * The time that handlers and timers see: wall-clock time that never goes back, not even across restarts.
 *
 * It advances with the monotonic clock, so a wall clock set back neither stops timers nor repeats time.
 */
export class ApplicationTime {
  readonly #clock: Clock;
  #base: number;
  #last: number;

  /** @param floorMs the application time of the manifest that was restored. */
  constructor(clock: Clock, floorMs: number) {
    this.#clock = clock;
    this.#last = Math.max(clock.now(), floorMs);
    this.#base = this.#last - clock.monotonic();
  }

  now(): number {
    const wall = this.#clock.now();
    let now = this.#base + this.#clock.monotonic();
    if (wall > now + believeLeadMs) {
      this.#base += wall - now;
      now = wall;
    }
    this.#last = Math.max(this.#last, Math.floor(now));
    return this.#last;
  }
}
