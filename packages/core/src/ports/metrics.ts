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

/** Metrics that go nowhere. */
export const noMetrics: Metrics = { count() {}, gauge() {}, observe() {} };
