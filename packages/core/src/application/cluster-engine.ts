import { ClusterNode } from '../cluster/cluster-node.js';
import { Operator } from '../cluster/operator.js';
import type { Participant } from '../cluster/participant.js';
import { sumOfStatus } from '../cluster/report.js';
import type { AnyAddress } from '../sdk/address.js';
import { workerBindings } from './bindings.js';
import { checkBoundNames } from './bound-names.js';
import type { ClientGateway } from './client.js';
import { committedState } from './committed-state.js';
import type { ApplicationStatus, Engine, EngineEvents, EngineParts } from './engine.js';
import type { ClusterSettings } from './options.js';

export interface ClusterEngineOptions extends EngineParts {
  readonly cluster: ClusterSettings;
}

/** A checkpoint that takes longer is given up, and tried again: some worker has lost its way. */
const checkpointTimeoutMs = 60_000;

/** Runs an application as one node of several, which share transport, membership and store. */
export class ClusterEngine implements Engine {
  readonly gateway: ClientGateway;
  readonly #options: ClusterEngineOptions;
  readonly #node: ClusterNode;
  readonly #operator: Operator;
  /** The present one, or the last. There is one as soon as the node has started, and before that nobody has the client. */
  #participant: Participant | undefined;

  constructor(options: ClusterEngineOptions, events: EngineEvents) {
    this.#options = options;
    const { bindings, settings, store, cluster, platform } = options;
    const { maxBacklog, maxActivations } = settings;
    this.#operator = new Operator({ platform, ...cluster });
    this.#node = new ClusterNode({
      ...options,
      ...settings,
      ...cluster,
      workers: 1,
      bindingsOf: () => workerBindings(bindings),
      ingresses: [...bindings.ingresses.keys()],
      egresses: [...bindings.egresses.keys()],
      checkManifest: (manifest) => checkBoundNames(store, manifest, bindings),
      limits: { maxBacklog, maxActivations },
      checkpointTimeoutMs,
      joined: (participant) => this.#joined(participant, events),
      defeated: events.failed,
      over: events.over,
    });
    const incarnation = () => this.#participant?.incarnation ?? '';
    this.gateway = {
      get incarnation() {
        return incarnation();
      },
      definitionOf: ({ name }) => bindings.definitionOf(name),
      submit: (submission) => this.#participant?.submit(submission),
    };
  }

  /** Of this node; the checkpoints are the application's, as far as this node coordinates them. */
  get status(): ApplicationStatus {
    return {
      ...sumOfStatus(this.#node.participants.map(({ status }) => status)),
      checkpoint: this.#node.checkpoint,
      storage: 'a blob store',
    };
  }

  get isRunning(): boolean {
    return this.#participant?.state === 'running';
  }

  async start(): Promise<void> {
    await this.#node.start();
    await this.#node.whenRunning();
  }

  async checkpoint(): Promise<void> {
    await this.#operator.checkpoint();
  }

  async savepoint(name: string): Promise<void> {
    await this.#operator.savepoint(name);
  }

  async drain(quiesced: () => Promise<void>): Promise<void> {
    const { platform, settings } = this.#options;
    // A node that leaves has no place in the next epoch, and answers do not find it any more.
    await new Promise<void>((resolve, reject) => {
      const timer = platform.scheduler.after(settings.stopTimeoutMs, resolve);
      quiesced()
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
    await this.#node.leave(settings.stopTimeoutMs);
  }

  async stop(): Promise<void> {
    await this.#operator.close();
    await this.#node.stop();
  }

  abandon(): void {
    void this.#node.stop();
  }

  stateOf(address: AnyAddress): Promise<Record<string, unknown>> {
    return committedState(this.#participant?.current, address);
  }

  #joined(participant: Participant, { reply, interrupted }: EngineEvents): void {
    const isFirst = this.#participant === undefined;
    this.#participant = participant;
    participant.onReply = reply;
    if (!isFirst) interrupted();
  }
}
