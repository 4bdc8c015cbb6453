import type { Labels, Metrics } from '../ports/metrics.js';
import type { Scheduled, Scheduler } from '../ports/scheduler.js';

/** Measurements on their way to another thread, oldest first. */
export type Measurements = readonly Measurement[];

interface Measurement {
  readonly kind: keyof Metrics;
  readonly name: string;
  value: number;
  readonly labels: Labels | undefined;
}

const flushMs = 100;

/**
 * Metrics that another thread records, some at a time: handlers may count for each message, and a post for each would cost more
 * than the message. Counts of one name are added up, and of a gauge only the last value is kept.
 */
export class ForwardedMetrics implements Metrics {
  readonly #scheduler: Scheduler;
  readonly #forward: (measurements: Measurements) => void;
  #measurements: Measurement[] = [];
  readonly #merged = new Map<string, Measurement>();
  #timer: Scheduled | undefined;

  constructor(scheduler: Scheduler, forward: (measurements: Measurements) => void) {
    this.#scheduler = scheduler;
    this.#forward = forward;
  }

  count(name: string, delta = 1, labels?: Labels): void {
    this.#mergedOf('count', name, labels).value += delta;
  }

  gauge(name: string, value: number, labels?: Labels): void {
    this.#mergedOf('gauge', name, labels).value = value;
  }

  observe(name: string, value: number, labels?: Labels): void {
    this.#add({ kind: 'observe', name, value, labels });
  }

  /** Hands over what there is. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#measurements.length === 0) return;
    this.#forward(this.#measurements);
    this.#measurements = [];
    this.#merged.clear();
  }

  #mergedOf(kind: 'count' | 'gauge', name: string, labels: Labels | undefined): Measurement {
    const key = `${kind} ${name} ${labels === undefined ? '' : JSON.stringify(labels)}`;
    const known = this.#merged.get(key);
    if (known !== undefined) return known;
    const made: Measurement = { kind, name, value: 0, labels };
    this.#merged.set(key, made);
    this.#add(made);
    return made;
  }

  #add(measurement: Measurement): void {
    this.#measurements.push(measurement);
    this.#timer ??= this.#scheduler.after(flushMs, () => this.flush());
  }
}

export function record(metrics: Metrics, measurements: Measurements): void {
  for (const { kind, name, value, labels } of measurements) metrics[kind](name, value, labels);
}
