import { setTimeout as wait } from 'node:timers/promises';
import { nodePlatform, RemoteClient } from '@stateful-functions/core';
import { NatsCluster } from '@stateful-functions/nats-transport';
import { tellEach } from './accounts.js';
import { NodeProcess } from './node-process.js';
import type { NodeSetup } from './node-setup.js';
import { freshName, type Site } from './site.js';

const pollMs = 20;
const patienceMs = 60_000;
/** Messages that are under way at a time: more would have to be in checkpoints as such. */
const crowd = 20_000;

export interface NodesOptions {
  readonly site: Site;
  /** How many there are at the start. */
  readonly count: number;
  /** The file of the application's module. */
  readonly module: URL;
  readonly config?: Readonly<Record<string, string>>;
  /** How often a checkpoint is taken; every second by default. */
  readonly intervalMs?: number;
}

/** The nodes of one application, which is new when they start, and a client that is outside of them. */
export class Nodes {
  readonly client: RemoteClient;
  readonly #setup: Omit<NodeSetup, 'name'>;
  readonly #all: NodeProcess[] = [];
  /** Of each node, as last seen. */
  readonly #invocations: number[] = [];

  private constructor(setup: Omit<NodeSetup, 'name'>, client: RemoteClient) {
    this.#setup = setup;
    this.client = client;
  }

  get all(): readonly NodeProcess[] {
    return this.#all;
  }

  /** Starts so many more. Resolves when they handle messages. */
  async add(count: number): Promise<void> {
    for (let added = 0; added < count; added += 1) {
      this.#all.push(new NodeProcess({ ...this.#setup, name: `node-${this.#all.length}` }));
    }
    await Promise.all(this.#all.map((node) => node.whenRunning()));
  }

  /** Has each of some accounts get a message, a crowd at a time; resolves when they have handled it. */
  async tell(count: number): Promise<void> {
    for (let from = 0; from < count; from += crowd) {
      const invocations = await tellEach(this.client, { from, count: Math.min(crowd, count - from) });
      await this.#whenHandled(invocations);
    }
  }

  /** Resolves when the nodes have handled so many more messages together. */
  async #whenHandled(invocations: number): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    for (let handled = 0; handled < invocations; ) {
      if (performance.now() > untilMs) throw new Error(`${handled} messages of ${invocations} were handled`);
      await wait(pollMs);
      for (const [at, node] of this.all.entries()) {
        const { invocations } = await node.status();
        // A worker that begins anew counts from the start.
        const before = this.#invocations[at] ?? 0;
        handled += invocations < before ? invocations : invocations - before;
        this.#invocations[at] = invocations;
      }
    }
  }

  /** Runs nodes for as long as `work` takes. @throws if one of them ends badly */
  static async during<T>(options: NodesOptions, work: (nodes: Nodes) => Promise<T>): Promise<T> {
    const { site, count, module, config = {}, intervalMs = 1_000 } = options;
    const application = freshName();
    await using cluster = await NatsCluster.connect({ servers: site.nats, application });
    await using client = await RemoteClient.connect({ platform: nodePlatform(), ...cluster });
    const nodes = new Nodes({ site, application, module: module.href, config, intervalMs }, client);
    try {
      await nodes.add(count);
      const result = await work(nodes);
      await Promise.all(nodes.all.map((node) => node.leave()));
      const failures = nodes.all.flatMap(({ failure }) => failure ?? []);
      if (failures.length > 0) throw new Error(failures.join(', '));
      return result;
    } finally {
      await Promise.all(nodes.all.map((node) => node.kill()));
    }
  }
}
