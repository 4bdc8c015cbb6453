import type { Benchmark } from '../benchmark.js';
import { greeters } from './greeter.js';
import { latency } from './latency.js';
import { restart } from './restart.js';
import { rings } from './ring.js';

/** The same on another system: they run only when they are asked for, since that has to be installed. */
export const peers: readonly Benchmark[] = [...greeters, latency, ...rings, restart];
