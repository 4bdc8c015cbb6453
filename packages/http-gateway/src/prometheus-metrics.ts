import { coreMetrics, type Labels, type Metrics } from '@stateful-functions/core';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface PrometheusMetricsOptions {
  /** Where the metrics are registered; a registry of their own by default. */
  readonly registry?: Registry;
  /** Whether figures of the process (memory, event loop, garbage collection) are kept as well; true by default. */
  readonly process?: boolean;
  /** Upper bounds of the buckets of a distribution, by its name, ascending. */
  readonly buckets?: Readonly<Record<string, readonly number[]>>;
}

type Kind = keyof Metrics;
type Instrument = {
  readonly kind: Kind;
  readonly labels: readonly string[];
  record(value: number, labels: Labels): void;
};

const meanings: Readonly<Record<string, string>> = {
  ...coreMetrics,
  sf_http_request_duration_seconds: 'From the headers of a request until its response was sent, by method and status.',
  sf_http_calls: 'Calls under way, as of the last request.',
};

const secondsBuckets = [
  0.000_01, 0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
const bytesBuckets = Array.from({ length: 12 }, (_, power) => 256 * 4 ** power);

/**
 * Keeps metrics for Prometheus.
 *
 * A name is registered at its first use, with the labels that it has then: a label that is missing later is empty. What
 * Prometheus cannot hold (another kind or further labels under a known name, a malformed name, a counter that falls) is not
 * recorded, and counted in `sf_metrics_refused_total`: a measurement is not worth failing a message for.
 */
export class PrometheusMetrics implements Metrics {
  readonly registry: Registry;
  readonly #buckets: Readonly<Record<string, readonly number[]>>;
  readonly #instruments = new Map<string, Instrument>();
  readonly #refused: Counter;

  constructor(options: PrometheusMetricsOptions = {}) {
    this.registry = options.registry ?? new Registry();
    this.#buckets = options.buckets ?? {};
    this.#refused = new Counter({
      name: 'sf_metrics_refused_total',
      help: 'Measurements that Prometheus cannot hold.',
      registers: [this.registry],
    });
    if (options.process ?? true) collectDefaultMetrics({ register: this.registry });
  }

  /** Of what `text` returns. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** All metrics, in the text format of Prometheus. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  count(name: string, delta = 1, labels: Labels = {}): void {
    this.#record('count', name, delta, labels);
  }

  gauge(name: string, value: number, labels: Labels = {}): void {
    this.#record('gauge', name, value, labels);
  }

  observe(name: string, value: number, labels: Labels = {}): void {
    this.#record('observe', name, value, labels);
  }

  #record(kind: Kind, name: string, value: number, labels: Labels): void {
    try {
      let instrument = this.#instruments.get(name);
      if (instrument === undefined) {
        instrument = this.#make(kind, name, Object.keys(labels));
        this.#instruments.set(name, instrument);
      }
      if (instrument.kind !== kind) this.#refused.inc();
      else instrument.record(value, labels);
    } catch {
      this.#refused.inc(); // There is nobody whom it would help to be told more.
    }
  }

  #make(kind: Kind, name: string, labels: readonly string[]): Instrument {
    const help = meanings[name] ?? name;
    const options = { name, help, labelNames: [...labels], registers: [this.registry] };
    if (kind === 'count') {
      const counter = new Counter(options);
      return { kind, labels, record: (delta, given) => counter.inc(given, delta) };
    }
    if (kind === 'gauge') {
      const gauge = new Gauge(options);
      return { kind, labels, record: (value, given) => gauge.set(given, value) };
    }
    const byUnit = name.endsWith('_bytes') ? bytesBuckets : secondsBuckets;
    const histogram = new Histogram({ ...options, buckets: [...(this.#buckets[name] ?? byUnit)] });
    return { kind, labels, record: (value, given) => histogram.observe(given, value) };
  }
}
