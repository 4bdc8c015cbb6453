import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Timers } from '../dispatch/timers.js';
import type { Labels, Metrics } from '../ports/metrics.js';
import type { EventLoopDelay, Platform } from '../ports/platform.js';
import type { Scheduled } from '../ports/scheduler.js';
import type { EgressOutlet } from './egress-outlet.js';
import type { IngressPump } from './ingress-pump.js';

/** What is measured of a worker. */
export interface MeasuredWorker {
  readonly dispatcher: Dispatcher;
  readonly timers: Timers;
  readonly pumps: ReadonlyMap<string, IngressPump>;
  readonly outlets: ReadonlyMap<string, EgressOutlet>;
  /** How long its ingresses had records and had to wait. */
  readonly throttledMs: number;
}

const recordEveryMs = 1_000;

/**
 * Records the figures of a worker once a second.
 *
 * Whatever happens for each message is counted in plain fields where it happens; here they are read, and what was added since
 * the last time is recorded. So a message costs the same whether anybody measures or not.
 *
 * Gauges carry the label `worker`, the number of the worker: several of one process record under one name.
 */
export class WorkerMetrics {
  readonly #worker: MeasuredWorker;
  readonly #metrics: Metrics;
  readonly #platform: Platform;
  readonly #labels: Labels;
  readonly #recorded = new Map<string, number>();
  #delay: EventLoopDelay | undefined;
  #timer: Scheduled | undefined;

  constructor(worker: MeasuredWorker, metrics: Metrics, platform: Platform, slot: number) {
    this.#worker = worker;
    this.#metrics = metrics;
    this.#platform = platform;
    this.#labels = { worker: String(slot) };
  }

  start(): void {
    // Positions go back to the application's very first start; only what is read from now on is new.
    for (const [name, pump] of this.#worker.pumps)
      this.#recorded.set(`sf_ingress_records_total ${name}`, pump.progress.routed);
    this.#delay = this.#platform.measureEventLoop?.();
    this.#arm();
  }

  /** Records what is left; from now on nothing waits here. */
  stop(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#delay?.stop();
    this.#recordCounts();
    const { dispatcher, outlets } = this.#worker;
    for (const { name } of dispatcher.hosts) this.#gaugeFunction(name, 0, 0);
    for (const name of outlets.keys()) this.#gauge('sf_egress_pending_records', 0, { egress: name });
    for (const name of ['sf_backlog_messages', 'sf_timers'] as const) this.#gauge(name, 0);
  }

  #arm(): void {
    this.#timer = this.#platform.scheduler.after(recordEveryMs, () => {
      this.#arm();
      this.#recordCounts();
      this.#recordGauges();
    });
  }

  #recordCounts(): void {
    const { dispatcher, pumps, outlets, throttledMs } = this.#worker;
    for (const { name, figures } of dispatcher.hosts) {
      const labels = { function: name };
      this.#count('sf_invocations_total', figures.invocations, labels, name);
      this.#count('sf_invocation_failures_total', figures.failures, labels, name);
      this.#count('sf_invocation_retries_total', figures.retries, labels, name);
      this.#count('sf_passivations_total', figures.passivations, labels, name);
      for (const durationMs of figures.takeDurationsMs())
        this.#metrics.observe('sf_invocation_duration_seconds', durationMs / 1_000, labels);
    }
    for (const [name, { progress }] of pumps) {
      this.#count('sf_ingress_records_total', progress.routed, { ingress: name }, name);
    }
    for (const [name, { published }] of outlets) {
      this.#count('sf_egress_records_total', published, { egress: name }, name);
    }
    this.#count('sf_ingress_throttled_seconds_total', throttledMs / 1_000, {}, '');
  }

  #recordGauges(): void {
    const { dispatcher, timers, pumps, outlets } = this.#worker;
    const busy = dispatcher.busyByFunction();
    for (const host of dispatcher.hosts) this.#gaugeFunction(host.name, host.activations.size, busy.get(host) ?? 0);
    this.#gauge('sf_backlog_messages', dispatcher.backlog);
    this.#gauge('sf_timers', timers.residentCount);
    for (const [name, pump] of pumps)
      if (pump.lag !== undefined) this.#gauge('sf_ingress_lag_records', pump.lag, { ingress: name });
    for (const [name, { pending }] of outlets) this.#gauge('sf_egress_pending_records', pending, { egress: name });
    const delay = this.#delay?.take();
    if (delay === undefined) return;
    this.#gauge('sf_event_loop_delay_seconds', delay.medianMs / 1_000, { quantile: '0.5' });
    this.#gauge('sf_event_loop_delay_seconds', delay.p99Ms / 1_000, { quantile: '0.99' });
    this.#gauge('sf_event_loop_delay_seconds', delay.mostMs / 1_000, { quantile: '1' });
  }

  #gaugeFunction(name: string, active: number, mailed: number): void {
    this.#gauge('sf_active_addresses', active, { function: name });
    this.#gauge('sf_mailbox_messages', mailed, { function: name });
  }

  #gauge(name: string, value: number, labels: Labels = {}): void {
    this.#metrics.gauge(name, value, { ...labels, ...this.#labels });
  }

  /** @param total since the worker started; `of` is what the label names. */
  #count(name: string, total: number, labels: Labels, of: string): void {
    const key = `${name} ${of}`;
    const delta = total - (this.#recorded.get(key) ?? 0);
    if (delta === 0) return;
    this.#recorded.set(key, total);
    this.#metrics.count(name, delta, labels);
  }
}
