import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterStatus, type DeadLetter, nodePlatform, Operator, RemoteClient } from '@stateful-functions/core';
import { NatsCluster } from '@stateful-functions/nats-transport';
import { startNats } from '@stateful-functions/servers';
import type { ApplicationFigures } from '../page/frame.js';
import type { Tick } from '../simulator/simulator.js';
import type { Audience, Deployment } from './deployment.js';
import { LastCheckpoint } from './last-checkpoint.js';
import { NodeProcess } from './node-process.js';
import { Phones } from './phones.js';
import { Rate } from './rate.js';
import { Teardown } from './teardown.js';

const application = 'rides';
const nodeNames = ['node-1', 'node-2', 'node-3'] as const;
/** While nobody coordinates, the last figures have to do. */
const statusTimeoutMs = 700;

/** The application on three nodes, each a process, with a nats-server of their own between them and a folder behind them. */
export class ClusterDeployment implements Deployment {
  readonly client: RemoteClient;
  readonly #phones: Phones;
  readonly #nodes: readonly NodeProcess[];
  readonly #operator: Operator;
  readonly #teardown: Teardown;
  readonly #rate = new Rate();
  readonly #lastCheckpoint = new LastCheckpoint();
  #status: ClusterStatus | undefined;
  #messagesPerSecond = 0;

  private constructor(
    client: RemoteClient,
    phones: Phones,
    nodes: readonly NodeProcess[],
    operator: Operator,
    teardown: Teardown,
  ) {
    this.client = client;
    this.#phones = phones;
    this.#nodes = nodes;
    this.#operator = operator;
    this.#teardown = teardown;
  }

  /** Resolves `undefined`, having said so, where there is no nats-server. */
  static async start(audience: Audience): Promise<ClusterDeployment | undefined> {
    const nats = await startNats();
    if (nats === undefined) return undefined;
    const teardown = new Teardown();
    teardown.use(nats);
    try {
      return await ClusterDeployment.#startOn(nats.url, audience, teardown);
    } catch (error) {
      await teardown[Symbol.asyncDispose]();
      throw error;
    }
  }

  static async #startOn(servers: string, audience: Audience, teardown: Teardown): Promise<ClusterDeployment> {
    const folder = await mkdtemp(join(tmpdir(), 'ride-sharing-'));
    teardown.defer(() => rm(folder, { recursive: true, force: true }));
    const phones = teardown.use(await Phones.connect(servers, audience));
    const cluster = teardown.use(await NatsCluster.connect({ servers, application }));
    const platform = nodePlatform();
    const operator = new Operator({ platform, ...cluster });
    teardown.defer(() => operator.close());
    const client = teardown.use(await RemoteClient.connect({ platform, ...cluster }));
    const minWorkers = nodeNames.length;
    const nodes = nodeNames.map((name) => new NodeProcess({ servers, application, name, folder, minWorkers }));
    teardown.defer(() => Promise.all(nodes.map((node) => node.end())));
    return new ClusterDeployment(client, phones, nodes, operator, teardown);
  }

  get deadLetters(): readonly DeadLetter[] {
    return this.#phones.deadLetters;
  }

  get failed(): Promise<never> {
    return this.#phones.failed;
  }

  feed(tick: Tick): Promise<void> {
    return this.#phones.feed(tick);
  }

  async figures(): Promise<ApplicationFigures> {
    const status = await this.#operator.status(statusTimeoutMs).catch(() => undefined);
    if (status !== undefined) {
      this.#status = status;
      this.#lastCheckpoint.see(status.checkpoint);
      const handled = status.workers.map(({ endpoint, invocations }) => [endpoint, invocations] as const);
      this.#messagesPerSecond = this.#rate.of(handled, performance.now());
    }
    return {
      isRunning: status !== undefined && status.epoch > 0,
      messagesPerSecond: this.#messagesPerSecond,
      checkpoint: this.#lastCheckpoint.figures,
      nodes: this.#nodes.map(({ name, pid, state }) => ({ name, pid, state, keyGroups: this.#keyGroupsOf(name) })),
    };
  }

  kill(node: string): boolean {
    return this.#nodes.find(({ name }) => name === node)?.kill() ?? false;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#teardown[Symbol.asyncDispose]();
  }

  /** Workers are named after their nodes. */
  #keyGroupsOf(name: string): number {
    return this.#status?.workers.find(({ endpoint }) => endpoint.startsWith(`${name}/`))?.keyGroups ?? 0;
  }
}
