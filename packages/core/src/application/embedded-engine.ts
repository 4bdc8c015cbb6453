import { Coordinator } from '../cluster/coordinator.js';
import type { Participant } from '../cluster/participant.js';
import { sumOfStatus } from '../cluster/report.js';
import { randomHex } from '../ports/random.js';
import type { AnyAddress } from '../sdk/address.js';
import { checkBoundNames } from './bound-names.js';
import { type ClientGateway, gatewayOf } from './client.js';
import { committedState } from './committed-state.js';
import type { ApplicationStatus, Engine, EngineEvents, EngineParts } from './engine.js';
import { localParticipant } from './local-participant.js';
import { mainEndpoint, type ThreadSetup } from './thread-messages.js';
import { WorkerThreads } from './worker-threads.js';

export interface EmbeddedOptions extends EngineParts {
  /** URLs of the module files, for other threads. */
  readonly modules: readonly string[];
  readonly logging: ThreadSetup['logging'];
}

/** Runs an application in this process alone: its coordinator, and one worker here or several in a thread each. */
export class EmbeddedEngine implements Engine {
  readonly gateway: ClientGateway;
  readonly #options: EmbeddedOptions;
  readonly #participant: Participant;
  readonly #coordinator: Coordinator;
  /** Those that do the work; `undefined` if this one does. */
  readonly #threads: WorkerThreads | undefined;

  constructor(options: EmbeddedOptions, { reply, over, failed }: EngineEvents) {
    this.#options = options;
    const { platform, store, bindings, settings } = options;
    const incarnation = randomHex(platform.random, 8);
    this.#participant = localParticipant({
      ...options,
      endpoint: mainEndpoint,
      incarnation,
      takesWork: settings.workers === 1,
      report: (report) => this.#coordinator.hear(report),
      send: (endpoint, frame) => this.#threads?.send(endpoint, frame),
      failed,
    });
    this.#participant.onReply = reply;
    this.gateway = gatewayOf(this.#participant, bindings);
    this.#coordinator = new Coordinator({
      ...options,
      ...settings,
      incarnation,
      checkpointTimeoutMs: Number.POSITIVE_INFINITY,
      leaseMs: Number.POSITIVE_INFINITY,
      settleMs: 0,
      ingresses: [...bindings.ingresses.keys()],
      egresses: [...bindings.egresses.keys()],
      checkManifest: (manifest) => checkBoundNames(store, manifest, bindings),
      direct: (endpoint, directive) => {
        if (endpoint === mainEndpoint) this.#participant.obey(directive);
        else this.#threads?.direct(endpoint, directive);
      },
      failed,
      drained: () => {
        if (bindings.ingresses.size > 0) over();
      },
    });
    this.#threads = settings.workers === 1 ? undefined : this.#startThreads(failed);
  }

  get status(): ApplicationStatus {
    const { endpoint, status } = this.#participant;
    const others = this.#coordinator.reports.filter((report) => report.endpoint !== endpoint);
    return {
      ...sumOfStatus([status, ...others.map(({ status }) => status)]),
      checkpoint: this.#coordinator.status,
      storage: this.#options.settings.directory ?? 'a blob store',
    };
  }

  get isRunning(): boolean {
    return this.#coordinator.isRunning;
  }

  async start(): Promise<void> {
    this.#participant.start();
    await this.#coordinator.whenRunning();
  }

  async checkpoint(): Promise<void> {
    await this.#coordinator.checkpoint();
  }

  async savepoint(name: string): Promise<void> {
    await this.#coordinator.savepoint(name);
  }

  async drain(): Promise<void> {
    await this.#coordinator.drain();
    for (const outlet of this.#participant.current?.worker.outlets.values() ?? []) await outlet.drained();
  }

  async stop(): Promise<void> {
    await this.#coordinator.close();
    await this.#participant.stop();
    await this.#threads?.stop();
  }

  abandon(): void {
    void this.#coordinator.close();
    void this.#participant.stop();
  }

  async stateOf(address: AnyAddress): Promise<Record<string, unknown>> {
    await this.#coordinator.whenRunning();
    return committedState(this.#participant.current, address);
  }

  #startThreads(failed: (error: unknown) => void): WorkerThreads {
    return new WorkerThreads({
      ...this.#options,
      scheduler: this.#options.platform.scheduler,
      receive: (frame) => this.#participant.receive(frame),
      hear: (report) => this.#coordinator.hear(report),
      failed,
    });
  }
}
