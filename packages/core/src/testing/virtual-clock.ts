import type { Clock } from '../ports/clock.js';

/** Time that moves only when told to. */
export class VirtualClock implements Clock {
  #originMs: number;
  #monotonicMs = 0;

  constructor(startMs: number) {
    this.#originMs = startMs;
  }

  now(): number {
    return Math.floor(this.#originMs + this.#monotonicMs);
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  /** Lets time pass until the monotonic clock shows `monotonicMs`; a time that has passed already changes nothing. */
  passTo(monotonicMs: number): void {
    this.#monotonicMs = Math.max(this.#monotonicMs, monotonicMs);
  }

  /** Sets the wall clock forward or back, as an administrator or NTP may; no time passes. */
  jump(ms: number): void {
    this.#originMs += ms;
  }
}
