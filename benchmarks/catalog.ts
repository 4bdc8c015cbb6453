import type { Benchmark } from './benchmark.js';
import { cluster } from './cluster/cluster.js';
import { failover } from './cluster/failover.js';
import { replies } from './durable-replies.js';
import { greeter } from './greeter.js';
import { multiCore } from './multi-core.js';
import { rescaling } from './rescale.js';

export { peers } from './peers/peers.js';

/** All benchmarks there are, but for those that need another system. */
export const benchmarks: readonly Benchmark[] = [greeter, ...multiCore, rescaling, ...replies, ...cluster, ...failover];
