/** Where measurements go. Labels are few and of small cardinality: never an id. */
export interface Metrics {
  /** Adds to a counter that only grows. */
  count(name: string, delta?: number, labels?: Labels): void;
  /** Sets a value that goes up and down. */
  gauge(name: string, value: number, labels?: Labels): void;
  /** Records one observation of a distribution, such as a duration in seconds. */
  observe(name: string, value: number, labels?: Labels): void;
}

export type Labels = Readonly<Record<string, string>>;

/** What the runtime itself records, with its meaning. Names are public: dashboards are built on them. */
export const coreMetrics = {
  sf_dead_letters_total: 'Messages and records that were given up.',
  sf_checkpoint_duration_seconds: 'From the beginning of a checkpoint until it was committed.',
  sf_checkpoint_failures_total: 'Checkpoints that were abandoned.',
} as const;

/** Metrics that go nowhere. */
export const noMetrics: Metrics = { count() {}, gauge() {}, observe() {} };
