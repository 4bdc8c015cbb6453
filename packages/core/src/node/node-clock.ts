import type { Clock } from '../ports/clock.js';

/** The machine's clock. */
export class NodeClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }
}
