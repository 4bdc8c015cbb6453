import { setTimeout as wait } from 'node:timers/promises';
import { nodePlatform, RemoteClient } from '@stateful-functions/core';
import { NatsCluster } from '@stateful-functions/nats-transport';
import { NodeProcess } from './node-process.js';
import type { NodeSetup } from './node-setup.js';
import { freshName, type Site } from './site.js';

const pollMs = 20;
const patienceMs = 120_000;

export interface NodesOptions {
  readonly site: Site;
  readonly count: number;
  /** The file of the application's module. */
  readonly module: URL;
  readonly config?: Readonly<Record<string, string>>;
  /** How often a checkpoint is taken; every second by default. */
  readonly intervalMs?: number;
}

/** The nodes of one application, which is new when they start, and a client that is outside of them. */
export class Nodes {
  readonly all: readonly NodeProcess[];
  readonly client: RemoteClient;

  private constructor(all: readonly NodeProcess[], client: RemoteClient) {
    this.all = all;
    this.client = client;
  }

  /** Resolves when the nodes have handled so many messages together. */
  async whenHandled(invocations: number): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    for (;;) {
      const statuses = await Promise.all(this.all.map((node) => node.status()));
      const handled = statuses.reduce((sum, status) => sum + status.invocations, 0);
      if (handled >= invocations) return;
      if (performance.now() > untilMs) throw new Error(`${handled} messages of ${invocations} were handled`);
      await wait(pollMs);
    }
  }

  /** Runs nodes for as long as `work` takes. @throws if one of them ends badly */
  static async during<T>(options: NodesOptions, work: (nodes: Nodes) => Promise<T>): Promise<T> {
    const { site, count, module, config = {}, intervalMs = 1_000 } = options;
    const application = freshName();
    await using cluster = await NatsCluster.connect({ servers: site.nats, application });
    await using client = await RemoteClient.connect({ platform: nodePlatform(), ...cluster });
    const common: Omit<NodeSetup, 'name'> = { site, application, module: module.href, config, intervalMs };
    const all = Array.from({ length: count }, (_, index) => new NodeProcess({ ...common, name: `node-${index}` }));
    try {
      await Promise.all(all.map((node) => node.whenRunning()));
      const result = await work(new Nodes(all, client));
      await Promise.all(all.map((node) => node.leave()));
      const failures = all.flatMap(({ failure }) => failure ?? []);
      if (failures.length > 0) throw new Error(failures.join(', '));
      return result;
    } finally {
      await Promise.all(all.map((node) => node.kill()));
    }
  }
}
