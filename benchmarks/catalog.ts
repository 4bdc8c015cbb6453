import type { Benchmark } from './benchmark.js';
import { cluster } from './cluster/cluster.js';
import { failover } from './cluster/failover.js';
import { durableCalls } from './durable-calls.js';
import { greeter } from './greeter.js';
import { multiCore } from './multi-core.js';
import { rescaling } from './rescale.js';

/** All benchmarks there are. */
export const benchmarks: readonly Benchmark[] = [
  greeter,
  ...multiCore,
  rescaling,
  ...durableCalls,
  ...cluster,
  ...failover,
];
