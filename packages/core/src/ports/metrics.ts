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
  sf_invocations_total: 'Handlers that were run, by function.',
  sf_invocation_failures_total: 'Handlers that failed, by function.',
  sf_invocation_retries_total: 'Failed messages that were put back to be tried again, by function.',
  sf_invocation_duration_seconds:
    'How long handlers took, by function: one of 64 synchronous invocations, and the first 1,024 of each second of others.',
  sf_dead_letters_total: 'Messages and records that were given up.',
  sf_active_addresses: 'Addresses in memory, by function and worker.',
  sf_passivations_total: 'Addresses that were dropped from memory, by function. Their state is in storage.',
  sf_mailbox_messages: 'Messages being handled, or waiting behind one at its address, by function and worker.',
  sf_backlog_messages: 'Messages that wait or are being handled, by worker: those in mailboxes and those in the queue.',
  sf_timers: 'Pending timers in memory, by worker. Later ones may be in storage only.',
  sf_ingress_records_total: 'Records that were routed, by ingress.',
  sf_ingress_lag_records:
    'Records that are known to be there and are not routed yet, by ingress, where its source can tell.',
  sf_ingress_throttled_seconds_total: 'How long ingresses had records and waited, because too much was under way.',
  sf_egress_records_total: 'Records that were published, by egress.',
  sf_egress_pending_records: 'Records that wait for their checkpoint or are being published, by egress and worker.',
  sf_event_loop_delay_seconds: 'How late the event loop was within the last second, by worker and quantile.',
  sf_checkpoint_duration_seconds: 'From the beginning of a checkpoint until it was committed.',
  sf_checkpoint_bytes: 'What a checkpoint wrote, without its manifest.',
  sf_checkpoint_failures_total: 'Checkpoints that were abandoned.',
  sf_stored_bytes: 'All live segments together, as of the last checkpoint.',
  sf_stored_entries: 'Entries of all live segments: of addresses, maps, lists and timers, some of them replaced since.',
} as const;

/** Metrics that go nowhere. */
export const noMetrics: Metrics = { count() {}, gauge() {}, observe() {} };
