import { Bindings, workerBindings } from '../../application/bindings.js';
import { checkBoundNames } from '../../application/bound-names.js';
import { Client, gatewayOf, stoppedError } from '../../application/client.js';
import { addSystemBindings } from '../../application/system-bindings.js';
import { ClusterNode } from '../../cluster/cluster-node.js';
import type { EpochPlan } from '../../cluster/directive.js';
import type { Participant } from '../../cluster/participant.js';
import type { BlobStore } from '../../ports/blob-store.js';
import type { Logger } from '../../ports/logger.js';
import type { Membership } from '../../ports/membership.js';
import { noMetrics } from '../../ports/metrics.js';
import type { Transport } from '../../ports/transport.js';
import type { StatefulFunctionModule } from '../../sdk/module.js';
import type { CompactionLimits } from '../../state/compaction.js';
import type { WorkerBindings } from '../../worker/worker.js';
import type { SimulatedProcess } from './simulated-process.js';

/** A worker of a simulated node, as the modules that are made for it see it. */
export interface SimulatedSite {
  readonly process: SimulatedProcess;
  /** The worker's number within its node. */
  readonly worker: number;
  /** The epoch that the worker runs; 0 for none. */
  readonly epoch: () => number;
  /** The last checkpoint that the worker cut for, or that its epoch began with; 0 for none. */
  readonly checkpoint: () => number;
}

/** How the nodes of a simulated cluster are set up. */
export interface NodeSettings {
  readonly modules: (site: SimulatedSite) => readonly StatefulFunctionModule[];
  readonly workersPerNode: number;
  readonly minWorkers: number;
  readonly maxParallelism: number;
  readonly maxActivations: number;
  readonly intervalMs: number;
  readonly leaseMs: number;
  /** Whether each turn of an event loop takes some time. */
  readonly isSlow: boolean;
  /** Whether blobs are files of the one machine that all nodes run on. */
  readonly isOnDisk: boolean;
  readonly compaction: CompactionLimits;
  /** Bytes of parts that a manifest has room for. */
  readonly inlineBytes: number;
  /** An epoch begins with a checkpoint, or 0 for none. */
  readonly begun: ((epoch: number, checkpoint: number) => void) | undefined;
}

export interface NodeSurroundings {
  readonly process: SimulatedProcess;
  readonly transport: Transport;
  readonly membership: Membership;
  readonly store: BlobStore;
  /** The sources and sinks of a worker, as the simulation has them. */
  readonly endsOf: (bindings: WorkerBindings) => WorkerBindings;
  readonly logger: Logger;
  readonly failed: (error: Error) => void;
  readonly begun: (plan: EpochPlan) => void;
}

/** One life of a node of a simulated cluster, from its start to its death. */
export class SimulatedNode {
  readonly node: ClusterNode;
  readonly process: SimulatedProcess;
  #client: Client | undefined;
  #isLeaving = false;

  constructor(settings: NodeSettings, surroundings: NodeSurroundings) {
    const { process, transport, membership, store, endsOf, logger, failed, begun } = surroundings;
    this.process = process;
    const participants: (Participant | undefined)[] = [];
    const all = Array.from({ length: settings.workersPerNode }, (_, worker) => {
      const epoch = () => participants[worker]?.current?.plan.epoch ?? 0;
      const checkpoint = () => {
        const current = participants[worker]?.current;
        return Math.max(current?.lastCut ?? 0, current?.plan.base?.checkpoint ?? 0);
      };
      const bindings = Bindings.of(settings.modules({ process, worker, epoch, checkpoint }), new Map());
      addSystemBindings(bindings, undefined);
      return bindings;
    });
    const [first] = all as [Bindings];
    this.node = new ClusterNode({
      platform: process,
      logger,
      metrics: noMetrics,
      transport,
      membership,
      store,
      name: process.name,
      workers: settings.workersPerNode,
      bindingsOf: (worker) => endsOf(workerBindings(all[worker] as Bindings)),
      ingresses: [...first.ingresses.keys()],
      egresses: [...first.egresses.keys()],
      checkManifest: (manifest) => checkBoundNames(store, manifest, first),
      maxParallelism: settings.maxParallelism,
      limits: { maxBacklog: 1_024, maxActivations: settings.maxActivations },
      cacheBytes: 4 * 1024 * 1024,
      stopTimeoutMs: 1_000,
      keep: 2,
      compaction: settings.compaction,
      inlineBytes: settings.inlineBytes,
      intervalMs: settings.intervalMs,
      maxFailures: 1_000,
      checkpointTimeoutMs: 4 * settings.leaseMs,
      leaseMs: settings.leaseMs,
      minWorkers: settings.minWorkers,
      joined: (participant, worker) => {
        participants[worker] = participant;
        if (worker === 0) this.#connect(participant, first);
      },
      failed,
      begun,
    });
  }

  /** A client attached to this node, for as long as its first worker lives and stays. */
  get client(): Client | undefined {
    return this.process.isDead || this.#isLeaving ? undefined : this.#client;
  }

  async leave(): Promise<void> {
    this.#isLeaving = true;
    await this.node.leave();
  }

  kill(): void {
    this.process.kill();
    this.#client?.close(stoppedError());
  }

  #connect(participant: Participant, bindings: Bindings): void {
    this.#client?.close(stoppedError());
    const client = new Client(gatewayOf(participant, bindings), this.process);
    participant.onReply = (target, reply) => client.receive(target, reply);
    this.#client = client;
  }
}
