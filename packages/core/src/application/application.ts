import { FileBlobStore } from '../blob/file-blob-store.js';
import { nodePlatform } from '../node/node-platform.js';
import { type Logger, silentLogger } from '../ports/logger.js';
import { noMetrics } from '../ports/metrics.js';
import { Bindings } from './bindings.js';
import { ClusterEngine } from './cluster-engine.js';
import { defaultLogger } from './default-logger.js';
import { EmbeddedEngine } from './embedded-engine.js';
import type { EngineParts } from './engine.js';
import { bindInbox } from './inbox-ingress.js';
import { loadModule, type ModuleSource } from './module-loader.js';
import { notShared, type StartOptions, settle, settleCluster } from './options.js';
import { RunningApplication } from './running-application.js';
import { addSystemBindings } from './system-bindings.js';
import type { ThreadSetup } from './thread-messages.js';

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
   * Starts it from its last checkpoint, if it has one: in this process, or as a node of a cluster. Resolves when messages are
   * handled; a node waits for the others that `cluster.minWorkers` asks for.
   *
   * @throws a coded error for everything that is wrong with modules, options or storage.
   */
  async start(options: StartOptions = {}): Promise<RunningApplication> {
    const settings = settle(options);
    const modules = (options.workers ?? 1) === 1 ? [] : this.#urls(options.workers);
    const platform = options.platform ?? nodePlatform();
    const cluster = settleCluster(options, platform.random);
    const logger = options.logger ?? defaultLogger();
    const loaded = [];
    for (const source of this.#sources) loaded.push(await loadModule(source));
    const bindings = Bindings.of(loaded, settings.config);
    addSystemBindings(bindings, settings.directory);
    if (options.cluster?.inbox !== undefined) bindInbox(bindings, options.cluster.inbox);
    const store =
      options.checkpoints?.store ?? new FileBlobStore(platform.files, platform.random, settings.directory as string);
    await store.open?.();
    const parts: EngineParts = { platform, logger, metrics: options.metrics ?? noMetrics, settings, store, bindings };
    const running = new RunningApplication(parts, (events) =>
      cluster === undefined
        ? new EmbeddedEngine({ ...parts, modules, logging: loggingOf(options.logger) }, events)
        : new ClusterEngine({ ...parts, cluster }, events),
    );
    await running.begin();
    if (options.handleSignals ?? true) running.handleSignals();
    return running;
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

function loggingOf(logger: Logger | undefined): ThreadSetup['logging'] {
  if (logger === undefined) return 'own';
  return logger === silentLogger ? 'silent' : 'forward';
}
