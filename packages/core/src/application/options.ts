import { threadsOfMachine } from '../node/thread.js';
import type { BlobStore } from '../ports/blob-store.js';
import type { Logger } from '../ports/logger.js';
import type { Metrics } from '../ports/metrics.js';
import type { Platform } from '../ports/platform.js';
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
