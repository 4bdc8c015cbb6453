import pino from 'pino';
import { FileBlobStore } from '../blob/file-blob-store.js';
import { Checkpointer, type CheckpointStatus } from '../checkpoint/checkpointer.js';
import { beginEpoch, ingressSeed, type Recovered, restoreInFlight } from '../checkpoint/recovery.js';
import { Retention } from '../checkpoint/retention.js';
import { SuspectGuard } from '../checkpoint/suspect-guard.js';
import { loadState } from '../dispatch/state-snapshot.js';
import { JsonLinesSink } from '../io/json-lines-sink.js';
import { nodePlatform } from '../node/node-platform.js';
import { onStopSignal } from '../node/stop-signals.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { EgressSink } from '../ports/egress-sink.js';
import type { Logger } from '../ports/logger.js';
import { noMetrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import type { AnyAddress } from '../sdk/address.js';
import { deadLetters } from '../sdk/dead-letter.js';
import { asError } from '../sdk/errors.js';
import { BlockCache } from '../state/block-cache.js';
import { SegmentSet } from '../state/segment-set.js';
import { ShapeTable } from '../state/shape.js';
import { Worker } from '../worker/worker.js';
import { Bindings } from './bindings.js';
import { checkBoundNames } from './bound-names.js';
import { Client, stoppedError } from './client.js';
import { Idempotency, idempotencyDefinition } from './idempotency.js';
import { loadModule, type ModuleSource } from './module-loader.js';
import { type Settings, type StartOptions, settle } from './options.js';

/** Figures of a running application, since it started. */
export interface ApplicationStatus {
  /** Records taken in from ingresses, since the application's very first start. */
  readonly events: number;
  readonly invocations: number;
  readonly failures: number;
  readonly retries: number;
  readonly deadLetters: number;
  readonly egressPublished: number;
  readonly egressPending: number;
  /** Messages that wait or are being handled. */
  readonly backlog: number;
  /** Addresses in memory. */
  readonly addresses: number;
  readonly checkpoint: CheckpointStatus;
  /** Where the state is, for people. */
  readonly storage: string;
}

/** An application before it is started: its modules. */
export class Application {
  readonly #sources: readonly ModuleSource[];

  private constructor(sources: readonly ModuleSource[]) {
    this.#sources = sources;
  }

  /** An application of one or more modules: classes, instances, or URLs of files that export one each. */
  static from(...modules: ModuleSource[]): Application {
    return new Application(modules);
  }

  /**
   * Starts it in this process, from its last checkpoint if it has one.
   *
   * @throws a coded error for everything that is wrong with modules, options or storage.
   */
  async start(options: StartOptions = {}): Promise<RunningApplication> {
    const settings = settle(options);
    const platform = options.platform ?? nodePlatform();
    const logger = options.logger ?? pino({ name: 'stateful-functions', level: 'warn' }, pino.destination(2));
    const modules = [];
    for (const source of this.#sources) modules.push(await loadModule(source));
    const bindings = Bindings.of(modules, settings.config);
    const store =
      options.checkpoints?.store ?? new FileBlobStore(platform.files, platform.random, settings.directory as string);
    await store.open?.();
    try {
      return await launch({ options, settings, platform, logger, bindings, store });
    } catch (error) {
      await store.close?.();
      throw error;
    }
  }
}

interface Launch {
  readonly options: StartOptions;
  readonly settings: Settings;
  readonly platform: Platform;
  readonly logger: Logger;
  readonly bindings: Bindings;
  readonly store: BlobStore;
}

async function launch({ options, settings, platform, logger, bindings, store }: Launch): Promise<RunningApplication> {
  const metrics = options.metrics ?? noMetrics;
  addSystemBindings(bindings, settings, logger);
  const recovered = await beginEpoch(store, platform, {
    maxParallelism: settings.maxParallelism,
    savepoint: settings.savepoint,
    checkManifest: (manifest) => checkBoundNames(store, manifest, bindings),
  });
  const { log, savepoints, incarnation, manifest } = recovered;
  const segments = new SegmentSet(store, new BlockCache(settings.cacheBytes));
  segments.replace(manifest?.segments ?? []);
  const shapes = new ShapeTable(manifest?.shapes);
  const retention = new Retention(store, log, savepoints, { keep: settings.keep });
  let running: RunningApplication | undefined;
  const failed = (error: unknown) => running?.fail(error);
  const worker = new Worker({
    platform,
    logger,
    metrics,
    bindings: {
      definitionOf: (name) => bindings.functionOf(name),
      retired: bindings.retired,
      ingresses: bindings.ingresses,
      egresses: bindings.egresses,
    },
    segments,
    shapes,
    maxParallelism: settings.maxParallelism,
    limits: { maxBacklog: settings.maxBacklog, maxActivations: settings.maxActivations },
    applicationTimeMs: manifest?.applicationTimeMs ?? 0,
    ingressProgress: manifest?.ingresses ?? {},
    egressPositions: manifest?.egresses ?? {},
    seedOf: (ingress) => ingressSeed(log.logId as string, ingress),
    failed,
    wanted: () => running?.checkpointer.request(),
  });
  const checkpointer = new Checkpointer({
    worker,
    log,
    store,
    segments,
    shapes,
    retention,
    savepoints,
    platform,
    logger,
    metrics,
    settings: recovered.settings,
    incarnation,
    lastCheckpoint: manifest?.checkpoint ?? 0,
    base: manifest,
    intervalMs: settings.intervalMs,
    maxFailures: settings.maxFailures,
    failed,
  });
  running = new RunningApplication({ worker, checkpointer, platform, logger, settings, store, incarnation, bindings });
  try {
    await worker.openSinks();
    if (manifest !== undefined) await restoreInFlight(store, manifest, worker, (name) => bindings.retired.has(name));
    worker.dispatcher.guard = guardFor(recovered);
    await worker.open();
    checkpointer.start();
    await retention.sweep();
  } catch (error) {
    await checkpointer.stop();
    await worker.close();
    bindings.services.dispose();
    throw error;
  }
  if (options.handleSignals ?? true) running.handleSignals();
  return running;
}

/** After several ends of the process in a row at one manifest, messages are handled one at a time until the next checkpoint. */
function guardFor(recovered: Recovered): SuspectGuard | undefined {
  return recovered.attempts > suspicionAfter ? new SuspectGuard(recovered.log, recovered.suspects) : undefined;
}

const suspicionAfter = 3;

function addSystemBindings(bindings: Bindings, { directory }: Settings, logger: Logger): void {
  bindings.functions.set(
    Idempotency.name,
    idempotencyDefinition(
      (name, operation) => bindings.functionOf(name)?.operations?.[operation ?? '']?.kind ?? 'send',
    ),
  );
  if (bindings.egresses.has(deadLetters.name)) return;
  const sink =
    directory === undefined ? new LogSink(logger) : new JsonLinesSink({ path: `${directory}/dead-letters.jsonl` });
  bindings.bindEgress(deadLetters, sink);
}

/** Dead letters of an application that has no folder have been logged already. */
class LogSink implements EgressSink<unknown> {
  constructor(readonly logger: Logger) {}

  async open(): Promise<undefined> {
    return undefined;
  }

  async publish(): Promise<undefined> {
    return undefined;
  }

  async close(): Promise<void> {}
}

interface Parts {
  readonly worker: Worker;
  readonly checkpointer: Checkpointer;
  readonly platform: Platform;
  readonly logger: Logger;
  readonly settings: Settings;
  readonly store: BlobStore;
  readonly incarnation: string;
  readonly bindings: Bindings;
}

/** An application that runs in this process. */
export class RunningApplication implements AsyncDisposable {
  /** Talks to functions from outside. */
  readonly client: Client;
  /**
   * Resolves when the application has stopped: because all its ingresses are bounded and drained, or was told to. Rejects
   * when it failed. Pending timers do not keep it running; they go on at the next start.
   */
  readonly finished: Promise<void>;
  /** @internal */
  readonly checkpointer: Checkpointer;
  readonly #parts: Parts;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #ending: Promise<void> | undefined;
  #failure: Error | undefined;
  #releaseSignals: () => void = () => {};

  /** @internal */
  constructor(parts: Parts) {
    this.#parts = parts;
    this.checkpointer = parts.checkpointer;
    this.client = new Client(parts.worker, parts.platform, parts.incarnation);
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined); // Whoever awaits it sees the failure; nobody has to.
    if (parts.bindings.ingresses.size > 0) void parts.worker.whenDrained().then(() => this.stop());
  }

  get status(): ApplicationStatus {
    const { worker, checkpointer, settings } = this.#parts;
    const { counts } = worker.dispatcher;
    let events = 0;
    for (const pump of worker.pumps.values()) events += pump.progress.routed;
    let egressPublished = 0;
    let egressPending = 0;
    for (const outlet of worker.outlets.values()) {
      if (outlet.name !== deadLetters.name) egressPublished += outlet.published;
      egressPending += outlet.pending;
    }
    return {
      events,
      ...counts,
      egressPublished,
      egressPending,
      backlog: worker.dispatcher.backlog,
      addresses: worker.state.size,
      checkpoint: checkpointer.status,
      storage: settings.directory ?? 'a blob store',
    };
  }

  /** Takes a checkpoint that stays under a name. @throws SF_SAVEPOINT_EXISTS, SF_INVALID_NAME */
  async savepoint(name: string): Promise<void> {
    await this.checkpointer.savepoint(name);
  }

  /** Takes a checkpoint now; resolves when it is committed. */
  async checkpoint(): Promise<void> {
    await this.checkpointer.now();
  }

  /** Stops: closes ingresses, lets handlers end, takes a final checkpoint, publishes what it holds. */
  stop(): Promise<void> {
    this.#ending ??= this.#stop();
    return this.#ending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** @internal */
  handleSignals(): void {
    this.#releaseSignals = onStopSignal(() => {
      this.stop().catch(() => undefined); // `finished` has it.
    });
  }

  /** @internal Something failed that cannot go on: everything since the last checkpoint is left to the next start. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = asError(error);
    this.#parts.logger.error({ err: this.#failure }, 'the application failed');
    this.#ending ??= this.#abort();
  }

  /** @internal The committed state of an address, by property: what its next handler would find. */
  async stateOf(address: AnyAddress): Promise<Record<string, unknown>> {
    const { worker } = this.#parts;
    const activation = await worker.state.peek(worker.dispatcher.hostAt(address), address);
    return loadState(activation, worker.time.now());
  }

  /**
   * @internal Ends as a killed process does: nothing is finished, written or published any more. For tests, whose platform
   * stops as well, so that what is under way never goes on.
   */
  abandon(): void {
    const { worker, checkpointer, bindings } = this.#parts;
    const stopped = stoppedError();
    this.#ending ??= Promise.resolve();
    this.#releaseSignals();
    void checkpointer.stop();
    void worker.close();
    this.client.close(stopped);
    bindings.services.dispose();
    this.#reject(stopped);
  }

  async #stop(): Promise<void> {
    const { worker, checkpointer } = this.#parts;
    try {
      await worker.drain();
      worker.dispatcher.pause();
      await this.#handlersEnd();
      // A second checkpoint records that all of the first is published, so that nothing is published again at the next start.
      for (let round = 0; round < 3 && this.#failure === undefined && worker.hasChanges; round += 1) {
        await checkpointer.now();
        for (const outlet of worker.outlets.values()) await outlet.drained();
      }
    } catch (error) {
      this.#failure ??= asError(error);
    }
    await this.#release();
  }

  async #abort(): Promise<void> {
    await this.#release();
  }

  async #release(): Promise<void> {
    const { worker, checkpointer, store, bindings } = this.#parts;
    this.#releaseSignals();
    await checkpointer.stop();
    await worker.close();
    this.client.close(stoppedError(this.#failure));
    bindings.services.dispose();
    try {
      await store.close?.();
    } catch (error) {
      this.#failure ??= asError(error);
    }
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure);
  }

  /** Resolves when no asynchronous handler runs, or the patience for that has ended. */
  #handlersEnd(): Promise<void> {
    const { worker, platform, settings } = this.#parts;
    return new Promise((resolve) => {
      const timer = platform.scheduler.after(settings.stopTimeoutMs, resolve);
      worker.whenQuiet().then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
