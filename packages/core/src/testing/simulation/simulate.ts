import type { Client } from '../../application/client.js';
import type { StatefulFunctionModule } from '../../sdk/module.js';
import { defaultCompaction } from '../../state/compaction.js';
import { SeededRandom } from '../seeded-random.js';
import { Faults } from './faults.js';
import { type Held, mostOf, nothingHeld } from './held.js';
import { type ClusterCounts, SimulatedCluster } from './simulated-cluster.js';
import type { SimulatedSite } from './simulated-node.js';

export interface SimulationOptions {
  /** Decides everything that is random: the same seed gives the same run, to the last event. */
  readonly seed: number;
  /**
   * The modules of the application, made for each worker. What their sources and sinks stand for is the outside world, which
   * all workers share and which outlives them: share it between calls.
   */
  readonly modules: (site: SimulatedSite) => readonly StatefulFunctionModule[];
  /** What happens from outside: feeds and calls the application, lets time pass, and looks at what came of it. */
  readonly drive: (simulation: Simulation) => Promise<void>;
  /** Machines at the beginning; 1 to 3 by default, by seed. */
  readonly nodes?: number;
  /** 1 or 2 by default, by seed. */
  readonly workersPerNode?: number;
  /** Virtual time between two faults on average; by default 100 to 700 ms, by seed. Infinite for none. */
  readonly faultEveryMs?: number;
  /** 16 by default. */
  readonly maxParallelism?: number;
  /** Called when an epoch begins, with its number and that of the checkpoint it begins with, or 0 for none. */
  readonly begun?: (epoch: number, checkpoint: number) => void;
}

/** What a run came to. */
export interface SimulationResult {
  /** What must never happen and did: broken invariants, and failures that no fault explains. */
  readonly violations: readonly string[];
  /** How often each kind of fault really struck. */
  readonly strikes: Readonly<Record<string, number>>;
  readonly counts: ClusterCounts;
  /** The most that any node held in memory, as seen whenever `drive` had let time pass. */
  readonly held: Held;
  /** Every event in order: virtual time, node, what happened. */
  readonly trace: readonly string[];
}

/** A cluster that runs, as its driver sees it. */
export interface Simulation {
  readonly random: SeededRandom;
  /** Virtual time since the beginning. */
  readonly nowMs: number;
  /** A client for each node that lives. */
  readonly clients: readonly Client[];
  /** How much the nodes hold in memory now: of each kind, the most that one node does. */
  readonly held: Held;
  /** Lets virtual time pass. */
  advance(ms: number): Promise<void>;
  /** Lets virtual time pass until a promise settles. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Ends all faults: everything works from now on, and every machine has a node. */
  heal(): void;
  /** Notes an event in the trace. */
  note(event: string): void;
}

/**
 * Runs an application on a simulated cluster, in one thread and virtual time, while faults of all kinds strike it: nodes are
 * killed, paused and cut off, frames get lost, the store fails and answers late, clocks jump, nodes come and go.
 *
 * Whether the application did what it should is for `drive` to say; this says whether the runtime kept its own invariants.
 *
 * @throws what `drive` throws
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const random = new SeededRandom(options.seed);
  const nodes = options.nodes ?? 1 + random.below(3);
  const leaseMs = [250, 500, 1_000][random.below(3)] as number;
  const workersPerNode = options.workersPerNode ?? 1 + random.below(2);
  const cluster = new SimulatedCluster(random.uint32(), {
    modules: options.modules,
    workersPerNode,
    minWorkers: 1 + random.below(nodes * workersPerNode),
    maxParallelism: options.maxParallelism ?? 16,
    maxActivations: random.chance(0.3) ? 30 : 100_000,
    intervalMs: [30, 100, 300][random.below(3)] as number,
    leaseMs,
    isSlow: random.chance(0.5),
    isOnDisk: random.chance(0.25),
    // With the usual limits, what a run writes is so little that compactions would always take all of it.
    compaction: random.chance(0.7) ? { minRun: 2, floorBytes: 256 } : defaultCompaction,
    // Each part a blob; or so little room that most are in manifests and some are not; or each in its manifest.
    inlineBytes: [0, 0, 2_048, 192 * 1024][random.below(4)] as number,
    begun: options.begun,
  });
  for (let machine = 0; machine < nodes; machine += 1) cluster.start(`node-${machine}`);
  const faultEveryMs = options.faultEveryMs ?? 100 + random.below(600);
  const faults = Number.isFinite(faultEveryMs) ? new Faults(cluster, leaseMs, faultEveryMs) : undefined;
  let held = nothingHeld;
  await options.drive({
    random: random.fork(),
    get nowMs() {
      return cluster.nowMs;
    },
    get clients() {
      return cluster.nodes.flatMap(({ client }) => client ?? []);
    },
    get held() {
      return cluster.held;
    },
    advance: async (ms) => {
      await cluster.world.advance(ms);
      held = mostOf(held, cluster.held);
    },
    run: (promise) => cluster.world.run(promise),
    heal: () => faults?.stop(),
    note: (event) => cluster.trace.note('', event),
  });
  for (const machine of cluster.machines) cluster.kill(machine);
  const { violations, strikes, counts, trace } = cluster;
  return { violations, strikes: strikes.counts, counts, held, trace: trace.lines };
}
