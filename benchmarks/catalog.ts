import { asyncHandler } from './async-handler.js';
import type { Benchmark } from './benchmark.js';
import { cluster } from './cluster/cluster.js';
import { failover } from './cluster/failover.js';
import { cutStall } from './cut-stall.js';
import { durableCalls } from './durable-calls.js';
import { fanOut } from './fan-out.js';
import { greeter } from './greeter.js';
import { jsonLines } from './json-lines.js';
import { multiCore } from './multi-core.js';
import { objectState } from './object-state.js';
import { passivation } from './passivation.js';
import { rescaling } from './rescale.js';
import { restore } from './restore.js';
import { ring } from './ring.js';
import { timers } from './timers.js';

export { peers } from './peers/peers.js';

/** All benchmarks there are, but for those that need another system. */
export const benchmarks: readonly Benchmark[] = [
  ...greeter,
  objectState,
  asyncHandler,
  jsonLines,
  ring,
  fanOut,
  timers,
  cutStall,
  restore,
  passivation,
  ...multiCore,
  rescaling,
  ...durableCalls,
  ...cluster,
  ...failover,
];
