import type { MessagePort } from 'node:worker_threads';
import { encodeDirective, readControlFrame } from '../cluster/control-frame.js';
import type { Directive } from '../cluster/directive.js';
import { type Frame, readFrame } from '../cluster/frame.js';
import type { Report } from '../cluster/report.js';
import { PortTransport, portsBetween } from '../node/port-transport.js';
import { Thread } from '../node/thread.js';
import type { Logger } from '../ports/logger.js';
import { type Metrics, noMetrics } from '../ports/metrics.js';
import type { Scheduler } from '../ports/scheduler.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { writeLine } from './forwarded-logger.js';
import { record } from './forwarded-metrics.js';
import type { Settings } from './options.js';
import { decodeError } from './thread-error.js';
import { mainEndpoint, type ThreadMessage, type ThreadOrder, type ThreadSetup } from './thread-messages.js';

export interface WorkerThreadsOptions {
  readonly scheduler: Scheduler;
  readonly settings: Settings;
  /** URLs of the module files. */
  readonly modules: readonly string[];
  readonly logging: ThreadSetup['logging'];
  /** Write what the threads forward. */
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Takes a frame of a channel to this thread. */
  readonly receive: (frame: Frame) => void;
  /** Takes what a participant says of itself. */
  readonly hear: (report: Report) => void;
  /** A thread failed, or ended by itself: the application cannot go on. */
  readonly failed: (error: unknown) => void;
}

/** How much longer than its handlers a thread may take to stop. */
const patienceMs = 2_000;

/**
 * The worker threads of an application, and the way to them: each runs one participant, and every thread, the main one
 * included, has a port to every other.
 *
 * Invariant: no thread outlives `stop`.
 */
export class WorkerThreads {
  readonly #options: WorkerThreadsOptions;
  readonly #transport: PortTransport;
  readonly #threads: readonly Thread[];
  #isStopping = false;

  /** Starts them; what becomes of that, they tell. */
  constructor(options: WorkerThreadsOptions) {
    this.#options = options;
    const { scheduler, settings } = options;
    const [ownPorts = [], ...portsOfThreads] = portsBetween(settings.workers + 1);
    this.#transport = new PortTransport(scheduler, ownPorts);
    void this.#transport.listen(mainEndpoint, (frame) => this.#guarded(() => this.#receive(frame)));
    this.#threads = portsOfThreads.map((ports, number) => this.#start(`worker-${number + 1}`, ports));
  }

  /** Takes a directive to the participant of a thread. */
  direct(endpoint: string, directive: Directive): void {
    this.#transport.send(endpoint, encodeDirective(directive));
  }

  /** Takes a frame of a channel to a thread. */
  send(endpoint: string, frame: Uint8Array): void {
    this.#transport.send(endpoint, frame);
  }

  /** Has all threads end, and waits for that. What they published or wrote until then is complete. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const order: ThreadOrder = 'stop';
    for (const thread of this.#threads) thread.post(order);
    const { stopTimeoutMs } = this.#options.settings;
    await Promise.all(this.#threads.map((thread) => thread.join(stopTimeoutMs + patienceMs)));
    this.#transport.close();
  }

  #start(endpoint: string, ports: readonly MessagePort[]): Thread {
    const { modules, settings, logging, metrics } = this.#options;
    const setup: ThreadSetup = { endpoint, modules, settings, logging, forwardsMetrics: metrics !== noMetrics };
    return new Thread({
      entry: new URL('./thread-entry.js', import.meta.url),
      data: setup,
      ports,
      heard: (message) => this.#hear(message as ThreadMessage),
      ended: (error) => this.#ended(endpoint, error),
    });
  }

  #receive(bytes: Uint8Array): void {
    const control = readControlFrame(bytes);
    if (control?.kind === 'report') {
      this.#options.hear(control.report);
      return;
    }
    const frame = readFrame(bytes);
    if (frame !== undefined) this.#options.receive(frame);
  }

  #hear(message: ThreadMessage): void {
    const { failed, logger, metrics } = this.#options;
    if (message.kind === 'failed') failed(decodeError(message.error));
    else if (message.kind === 'log') writeLine(logger, message.line);
    else record(metrics, message.measurements);
  }

  #ended(endpoint: string, cause: Error | undefined): void {
    if (this.#isStopping) return;
    const how = cause === undefined ? 'ended by itself, as by process.exit()' : `ended with ${String(cause)}`;
    const message = `the thread of ${endpoint} ${how}. Mend what ended it and start again; nothing is lost.`;
    this.#options.failed(new StatefulFunctionsError('SF_THREAD_ENDED', message, { cause }));
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.failed(error);
    }
  }
}
