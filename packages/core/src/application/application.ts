import { FileBlobStore } from '../blob/file-blob-store.js';
import type { CheckpointStatus } from '../checkpoint/checkpointer.js';
import { Coordinator } from '../cluster/coordinator.js';
import type { EpochWorker } from '../cluster/epoch-worker.js';
import type { Participant } from '../cluster/participant.js';
import { type ParticipantStatus, sumOfStatus } from '../cluster/report.js';
import { loadState } from '../dispatch/state-snapshot.js';
import { nodePlatform } from '../node/node-platform.js';
import { onStopSignal } from '../node/stop-signals.js';
import type { BlobStore } from '../ports/blob-store.js';
import { type Logger, silentLogger } from '../ports/logger.js';
import { noMetrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import { randomHex } from '../ports/random.js';
import type { AnyAddress } from '../sdk/address.js';
import { asError } from '../sdk/errors.js';
import { Bindings } from './bindings.js';
import { checkBoundNames } from './bound-names.js';
import { Client, type ClientGateway, stoppedError } from './client.js';
import { defaultLogger } from './default-logger.js';
import { localParticipant } from './local-participant.js';
import { loadModule, type ModuleSource } from './module-loader.js';
import { notShared, type Settings, type StartOptions, settle } from './options.js';
import { addSystemBindings } from './system-bindings.js';
import { mainEndpoint, type ThreadSetup } from './thread-messages.js';
import { WorkerThreads } from './worker-threads.js';

/** Figures of a running application, since it started. */
export interface ApplicationStatus extends ParticipantStatus {
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
    const urls = (options.workers ?? 1) === 1 ? [] : this.#urls(options.workers);
    const platform = options.platform ?? nodePlatform();
    const logger = options.logger ?? defaultLogger();
    const modules = [];
    for (const source of this.#sources) modules.push(await loadModule(source));
    const bindings = Bindings.of(modules, settings.config);
    const store =
      options.checkpoints?.store ?? new FileBlobStore(platform.files, platform.random, settings.directory as string);
    await store.open?.();
    try {
      return await launch({ options, settings, platform, logger, bindings, store, urls });
    } catch (error) {
      await store.close?.();
      throw error;
    }
  }

  /** What other threads can load. @throws SF_INVALID_OPTION */
  #urls(workers: StartOptions['workers']): string[] {
    return this.#sources.map((source) => {
      if (source instanceof URL) return source.href;
      const fix = "Give Application.from the URL of its file, as new URL('./my.module.js', import.meta.url)";
      throw notShared(workers, 'a module that is a class or an instance', fix);
    });
  }
}

interface Launch {
  readonly options: StartOptions;
  readonly settings: Settings;
  readonly platform: Platform;
  readonly logger: Logger;
  readonly bindings: Bindings;
  readonly store: BlobStore;
  /** Of the module files, for other threads. */
  readonly urls: readonly string[];
}

async function launch(start: Launch): Promise<RunningApplication> {
  const { options, settings, platform, logger, bindings, store, urls } = start;
  const metrics = options.metrics ?? noMetrics;
  addSystemBindings(bindings, settings.directory);
  const incarnation = randomHex(platform.random, 8);
  let running: RunningApplication | undefined;
  const failed = (error: unknown) => running?.fail(error);
  const participant = localParticipant({
    platform,
    logger,
    metrics,
    store,
    bindings,
    settings,
    endpoint: mainEndpoint,
    incarnation,
    takesWork: settings.workers === 1,
    report: (report) => coordinator.hear(report),
    send: (endpoint, frame) => threads?.send(endpoint, frame),
    failed,
  });
  const coordinator = new Coordinator({
    platform,
    logger,
    metrics,
    store,
    incarnation,
    maxParallelism: settings.maxParallelism,
    savepoint: settings.savepoint,
    keep: settings.keep,
    cacheBytes: settings.cacheBytes,
    intervalMs: settings.intervalMs,
    maxFailures: settings.maxFailures,
    checkpointTimeoutMs: Number.POSITIVE_INFINITY,
    workers: settings.workers,
    leaseMs: Number.POSITIVE_INFINITY,
    settleMs: 0,
    ingresses: [...bindings.ingresses.keys()],
    egresses: [...bindings.egresses.keys()],
    checkManifest: (manifest) => checkBoundNames(store, manifest, bindings),
    direct: (endpoint, directive) => {
      if (endpoint === mainEndpoint) participant.obey(directive);
      else threads?.direct(endpoint, directive);
    },
    failed,
    drained: () => running?.drained(),
  });
  const threads =
    settings.workers === 1
      ? undefined
      : new WorkerThreads({
          scheduler: platform.scheduler,
          settings,
          modules: urls,
          logging: loggingOf(options.logger),
          logger,
          metrics,
          receive: (frame) => participant.receive(frame),
          hear: (report) => coordinator.hear(report),
          failed,
        });
  running = new RunningApplication({ participant, coordinator, threads, platform, logger, settings, store, bindings });
  await running.begin();
  if (options.handleSignals ?? true) running.handleSignals();
  return running;
}

function loggingOf(logger: Logger | undefined): ThreadSetup['logging'] {
  if (logger === undefined) return 'own';
  return logger === silentLogger ? 'silent' : 'forward';
}

interface Parts {
  readonly participant: Participant;
  readonly coordinator: Coordinator;
  /** Those that do the work; `undefined` if this one does. */
  readonly threads: WorkerThreads | undefined;
  readonly platform: Platform;
  readonly logger: Logger;
  readonly settings: Settings;
  readonly store: BlobStore;
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
  readonly #parts: Parts;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #ending: Promise<void> | undefined;
  #failure: Error | undefined;
  #hasBegun = false;
  #releaseSignals: () => void = () => {};

  /** @internal */
  constructor(parts: Parts) {
    this.#parts = parts;
    const { participant, bindings, platform } = parts;
    const gateway: ClientGateway = {
      incarnation: participant.incarnation,
      definitionOf: (name) => bindings.definitionOf(name),
      submit: (submission) => participant.submit(submission),
    };
    this.client = new Client(gateway, platform);
    participant.onReply = (target, reply) => this.client.receive(target, reply);
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined); // Whoever awaits it sees the failure; nobody has to.
  }

  get status(): ApplicationStatus {
    const { participant, coordinator, settings } = this.#parts;
    const others = coordinator.reports.filter(({ endpoint }) => endpoint !== participant.endpoint);
    return {
      ...sumOfStatus([participant.status, ...others.map(({ status }) => status)]),
      checkpoint: coordinator.status,
      storage: settings.directory ?? 'a blob store',
    };
  }

  /** @internal Resolves when messages are handled. @throws what keeps the application from starting */
  async begin(): Promise<void> {
    const { participant, coordinator } = this.#parts;
    participant.start();
    try {
      await coordinator.whenRunning();
      this.#hasBegun = true;
    } catch {
      await this.finished; // It tells why.
    }
  }

  /** Takes a checkpoint that stays under a name. @throws SF_SAVEPOINT_EXISTS, SF_INVALID_NAME */
  async savepoint(name: string): Promise<void> {
    await this.#parts.coordinator.savepoint(name);
  }

  /** Takes a checkpoint now; resolves when it is committed. */
  async checkpoint(): Promise<void> {
    await this.#parts.coordinator.checkpoint();
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

  /** @internal Everything that its ingresses had is handled. */
  drained(): void {
    if (this.#parts.bindings.ingresses.size > 0) void this.stop();
  }

  /** @internal Something failed that cannot go on: everything since the last checkpoint is left to the next start. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = asError(error);
    if (this.#hasBegun) this.#parts.logger.error({ err: this.#failure }, 'the application failed');
    this.#ending ??= this.#release();
  }

  /** @internal The committed state of an address, by property: what its next handler would find. */
  async stateOf(address: AnyAddress): Promise<Record<string, unknown>> {
    const { participant, coordinator } = this.#parts;
    await coordinator.whenRunning();
    const { worker } = participant.current as EpochWorker;
    const activation = await worker.state.peek(worker.dispatcher.hostAt(address), address);
    return loadState(activation, worker.time.now());
  }

  /**
   * @internal Ends as a killed process does: nothing is finished, written or published any more. For tests, whose platform
   * stops as well, so that what is under way never goes on.
   */
  abandon(): void {
    const { participant, coordinator, bindings } = this.#parts;
    const stopped = stoppedError();
    this.#ending ??= Promise.resolve();
    this.#releaseSignals();
    void coordinator.close();
    void participant.stop();
    this.client.close(stopped);
    bindings.services.dispose();
    this.#reject(stopped);
  }

  async #stop(): Promise<void> {
    try {
      await this.#parts.coordinator.drain();
      for (const outlet of this.#parts.participant.current?.worker.outlets.values() ?? []) await outlet.drained();
    } catch (error) {
      this.#failure ??= asError(error);
    }
    await this.#release();
  }

  async #release(): Promise<void> {
    const { participant, coordinator, threads, store, bindings } = this.#parts;
    this.#releaseSignals();
    await coordinator.close();
    await participant.stop();
    await threads?.stop();
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
}
