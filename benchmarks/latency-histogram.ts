import { build } from 'hdr-histogram-js';
import type { Figures } from './benchmark.js';

/** Latencies of some requests, in milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly 'p99.9': number;
  readonly max: number;
}

/** The longest latency that is told from longer ones: a quarter of an hour. */
const longestUs = 15 * 60 * 1_000_000;

/**
 * Counts latencies in buckets that are as fine as a thousandth of what they hold, however many there are (HdrHistogram, G. Tene).
 * A quantile is therefore right to a thousandth.
 */
export class LatencyHistogram {
  readonly #microseconds = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: longestUs,
    numberOfSignificantValueDigits: 3,
  });

  record(latencyMs: number): void {
    this.#microseconds.recordValue(Math.min(longestUs, Math.max(1, Math.round(latencyMs * 1_000))));
  }

  get count(): number {
    return this.#microseconds.totalCount;
  }

  /** @throws if nothing was recorded: no request is not a fast one */
  latencies(): Latencies {
    if (this.count === 0) throw new Error('no request was answered in the time that is measured');
    const at = (percentile: number) => this.#microseconds.getValueAtPercentile(percentile) / 1_000;
    return { p50: at(50), p90: at(90), p99: at(99), 'p99.9': at(99.9), max: at(100) };
  }
}

/** As a benchmark in microseconds gives its figures. */
export function inMicroseconds({ p50, p90, p99, 'p99.9': p999, max }: Latencies): Figures {
  return { p50: p50 * 1_000, p90: p90 * 1_000, p99: p99 * 1_000, 'p99.9': p999 * 1_000, max: max * 1_000 };
}
