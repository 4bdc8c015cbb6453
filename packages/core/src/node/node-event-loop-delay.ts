import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { EventLoopDelay } from '../ports/platform.js';

/** How often the event loop is asked. Node.js counts this time as part of the delay. */
const resolutionMs = 10;

/** How late the event loop of this thread is. */
export class NodeEventLoopDelay implements EventLoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });

  constructor() {
    this.#histogram.enable();
  }

  take(): { readonly medianMs: number; readonly p99Ms: number; readonly mostMs: number } {
    const histogram = this.#histogram;
    const taken = {
      medianMs: lateMs(histogram.percentile(50)),
      p99Ms: lateMs(histogram.percentile(99)),
      mostMs: lateMs(histogram.max),
    };
    histogram.reset();
    return taken;
  }

  stop(): void {
    this.#histogram.disable();
  }
}

function lateMs(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - resolutionMs);
}
