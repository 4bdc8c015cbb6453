import type { Clock } from '../ports/clock.js';
import type { Scheduled, Scheduler } from '../ports/scheduler.js';

/** A callback that waits for its time. */
interface Timer extends Scheduled {
  readonly dueMs: number;
  readonly work: () => void;
}

/**
 * Holds callbacks until they are taken, one at a time, in an order that depends on nothing but the order of the calls.
 *
 * Deferred work is taken first in, first out; timers by due time, and those of one instant in the order they were set.
 */
export class VirtualScheduler implements Scheduler {
  readonly #clock: Clock;
  /** Taken from `#head` on; cut off when half of it is used up. */
  #deferred: (() => void)[] = [];
  #head = 0;
  /** Ascending by due time, and by age within one. */
  readonly #timers: Timer[] = [];
  #watchers: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  defer(work: () => void): void {
    this.#deferred.push(work);
    this.#tell();
  }

  after(delayMs: number, work: () => void): Scheduled {
    const dueMs = this.#clock.monotonic() + Math.max(0, delayMs);
    const timer: Timer = { dueMs, work, cancel: () => this.#remove(timer) };
    this.#timers.splice(this.#firstLaterThan(dueMs), 0, timer);
    this.#tell();
    return timer;
  }

  /** The oldest deferred work, which is no longer held. */
  takeDeferred(): (() => void) | undefined {
    const work = this.#deferred[this.#head];
    if (work === undefined) return undefined;
    this.#head++;
    if (this.#head * 2 > this.#deferred.length) {
      this.#deferred = this.#deferred.slice(this.#head);
      this.#head = 0;
    }
    return work;
  }

  /** The first timer that is due at `nowMs` of the monotonic clock, which is no longer held. */
  takeDue(nowMs: number): (() => void) | undefined {
    const timer = this.#timers[0];
    if (timer === undefined || timer.dueMs > nowMs) return undefined;
    this.#timers.shift();
    return timer.work;
  }

  /** When the first timer is due, on the monotonic clock; a timer of an infinite delay never is. */
  get nextDueMs(): number | undefined {
    const dueMs = this.#timers[0]?.dueMs;
    return dueMs === Number.POSITIVE_INFINITY ? undefined : dueMs;
  }

  /** Resolves when a callback is added or cancelled: what a test waits for while something real goes on outside. */
  whenTouched(): Promise<void> {
    return new Promise((resolve) => this.#watchers.push(resolve));
  }

  #tell(): void {
    if (this.#watchers.length === 0) return;
    for (const watcher of this.#watchers.splice(0)) watcher();
  }

  #firstLaterThan(dueMs: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle] as Timer).dueMs <= dueMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remove(timer: Timer): void {
    this.#tell();
    // All of one instant stand together, so the search begins at the last of them.
    for (let at = this.#firstLaterThan(timer.dueMs) - 1; at >= 0; at--) {
      const found = this.#timers[at];
      if (found === timer) this.#timers.splice(at, 1);
      if (found === timer || found === undefined || found.dueMs < timer.dueMs) return;
    }
  }
}
