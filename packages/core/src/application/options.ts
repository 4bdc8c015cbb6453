import { threadsOfMachine } from '../node/thread.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { Inbox } from '../ports/inbox.js';
import type { Logger } from '../ports/logger.js';
import type { Membership } from '../ports/membership.js';
import type { Metrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
import { type Random, randomHex } from '../ports/random.js';
import type { Transport } from '../ports/transport.js';
import { type Duration, durationMs } from '../sdk/duration.js';
import { StatefulFunctionsError } from '../sdk/errors.js';

/** How to start an application; everything has a default. */
export interface StartOptions {
  /** What modules get as their configuration. */
  readonly config?: Readonly<Record<string, string>>;
  readonly checkpoints?: CheckpointOptions;
  /**
   * How many workers share the work; 1 by default, which runs in the thread that starts it. More run in a thread each, which
   * loads the modules itself, from the URLs given to `Application.from`; `'auto'` is one for each core.
   */
  readonly workers?: number | 'auto';
  /** What makes this process one node of several that run the application together. */
  readonly cluster?: ClusterOptions;
  /** The number of key groups; 1024 by default. Fixed for an application's life. */
  readonly maxParallelism?: number;
  /** Ingresses pause while more messages than this wait at a worker; 16,384 by default. */
  readonly maxBacklog?: number;
  /** Addresses that stay in memory when they are idle; 1,000,000 by default. More are passivated. */
  readonly maxActiveAddresses?: number;
  /** Start from a savepoint instead of the last checkpoint. What happened since is given up. */
  readonly fromSavepoint?: string;
  /** Whether SIGINT and SIGTERM stop the application with a final checkpoint; true by default. */
  readonly handleSignals?: boolean;
  /** How long a stop waits for asynchronous handlers; 10 s by default. */
  readonly stopTimeout?: Duration;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** The machine to run on; Node.js by default. The testing kit has one with virtual time. */
  readonly platform?: Platform;
}

/** Where the nodes of a cluster meet. `checkpoints.store` is theirs together as well. */
export interface ClusterOptions {
  readonly transport: Transport;
  readonly membership: Membership;
  /** By which clients reach the application that are outside of its nodes; without one there can be none. */
  readonly inbox?: Inbox;
  /** The node's own name, unlike that of any other; random by default. Of the form that an endpoint may have. */
  readonly name?: string;
  /**
   * How long a node goes on that is cut off; 1 s by default. Its work goes to others after one and a half to three times as long,
   * that of a node whose process has ended after one to two.
   * A handler that blocks its event loop for longer makes its node count as lost.
   */
  readonly lease?: Duration;
  /** So many nodes must be there before the application begins for the very first time; 1 by default. */
  readonly minWorkers?: number;
}

export interface CheckpointOptions {
  /** The folder of a file store; `.sf` by default. */
  readonly directory?: string;
  /** Another store, in place of the folder. */
  readonly store?: BlobStore;
  /** How often to take a checkpoint while anything changes; 1 s by default. Somebody who waits gets one at once. */
  readonly interval?: Duration;
  /** How many checkpoints stay; 3 by default. */
  readonly keep?: number;
  /** How many in a row may fail before the application stops with SF_CHECKPOINTS_FAIL; 10 by default. */
  readonly maxFailures?: number;
  /** Bytes of segments to keep in memory for reading; 64 MiB by default. */
  readonly cacheBytes?: number;
}

/** The options with every default in place. */
export interface Settings {
  readonly config: ReadonlyMap<string, string>;
  readonly directory: string | undefined;
  readonly workers: number;
  readonly intervalMs: number;
  readonly keep: number;
  readonly maxFailures: number;
  readonly cacheBytes: number;
  readonly maxParallelism: number;
  readonly maxBacklog: number;
  readonly maxActivations: number;
  readonly savepoint: string | undefined;
  readonly stopTimeoutMs: number;
}

/** @throws SF_INVALID_OPTION, SF_INVALID_DURATION */
export function settle(options: StartOptions): Settings {
  const { checkpoints = {} } = options;
  return {
    config: new Map(Object.entries(options.config ?? {})),
    directory: checkpoints.store === undefined ? (checkpoints.directory ?? '.sf') : undefined,
    workers: workersOf(options),
    intervalMs: durationMs(checkpoints.interval ?? 1_000),
    keep: whole('checkpoints.keep', checkpoints.keep ?? 3, 1),
    maxFailures: whole('checkpoints.maxFailures', checkpoints.maxFailures ?? 10, 1),
    cacheBytes: whole('checkpoints.cacheBytes', checkpoints.cacheBytes ?? 64 * 1024 * 1024, 1),
    maxParallelism: whole('maxParallelism', options.maxParallelism ?? 1_024, 1, 32_768),
    maxBacklog: whole('maxBacklog', options.maxBacklog ?? 16_384, 1),
    maxActivations: whole('maxActiveAddresses', options.maxActiveAddresses ?? 1_000_000, 1),
    savepoint: options.fromSavepoint,
    stopTimeoutMs: durationMs(options.stopTimeout ?? 10_000),
  };
}

/** The options of a cluster with every default in place. */
export interface ClusterSettings {
  readonly transport: Transport;
  readonly membership: Membership;
  readonly name: string;
  readonly leaseMs: number;
  readonly minWorkers: number;
}

/** @throws SF_INVALID_OPTION, SF_INVALID_DURATION */
export function settleCluster(options: StartOptions, random: Random): ClusterSettings | undefined {
  const { cluster, checkpoints, workers = 1, fromSavepoint } = options;
  if (cluster === undefined) return undefined;
  const refuse = (what: string, fix: string) => new StatefulFunctionsError('SF_INVALID_OPTION', `${what}. ${fix}.`);
  if (checkpoints?.store === undefined) {
    throw refuse('a cluster has no checkpoints.store', 'Give one that all nodes share, such as a store on S3');
  }
  if (workers !== 1) throw refuse(`workers is ${workers} in a cluster`, 'Start a node for each core instead');
  if (fromSavepoint !== undefined) {
    throw refuse(
      'fromSavepoint is given to a node of a cluster',
      'Stop all nodes and run `sf restore`, or call goBackTo',
    );
  }
  const name = cluster.name ?? `node-${randomHex(random, 8)}`;
  // A worker's endpoint is its node's name and a little more, and has to be one that every transport takes.
  if (name === '' || name.length > maxNodeName || !name.isWellFormed()) {
    throw refuse(
      `cluster.name is ${JSON.stringify(name)}`,
      `Make it 1 to ${maxNodeName} well-formed UTF-16 code units`,
    );
  }
  return {
    transport: cluster.transport,
    membership: cluster.membership,
    name,
    leaseMs: durationMs(cluster.lease ?? 1_000),
    minWorkers: whole('cluster.minWorkers', cluster.minWorkers ?? 1, 1, 1_024),
  };
}

const maxNodeName = 80;

/** Refuses what other threads cannot have, whatever number of them this machine would get. */
function workersOf({ workers = 1, checkpoints, platform }: StartOptions): number {
  const count = workers === 'auto' ? threadsOfMachine() : whole('workers', workers, 1, 1_024);
  if (workers === 1) return count;
  if (checkpoints?.store !== undefined) {
    throw notShared(workers, 'a checkpoints.store of your own', 'Give a checkpoints.directory instead');
  }
  if (platform !== undefined) throw notShared(workers, 'a platform of your own', 'Leave it out');
  return count;
}

/** The error for what cannot be given to several threads. */
export function notShared(workers: StartOptions['workers'], what: string, fix: string): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_INVALID_OPTION',
    `workers is ${workers}, and ${what} cannot be shared with other threads. ${fix}, or set workers to 1.`,
  );
}

function whole(name: string, value: number, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new StatefulFunctionsError(
    'SF_INVALID_OPTION',
    `${name} is ${value}. Set it to a whole number from ${least} to ${most}.`,
  );
}
