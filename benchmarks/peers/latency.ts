import type { Benchmark, Figures } from '../benchmark.js';
import { serveBare, visits } from '../durable-calls.js';
import { inDirectory } from '../in-directory.js';
import { inMicroseconds } from '../latency-histogram.js';
import { runLoad } from '../load.js';
import { checkGreeted } from './greeter.js';
import { sides } from './sides.js';
import { type MakeSystem, whenHandled, withSystem } from './system.js';

/** What all of them can keep up with on two cores. */
const load = { callers: 100, rate: 100, ids: 500, warmUpMs: 500, measuredMs: 5_000 };

export function runLatency(make: MakeSystem, given = load): Promise<Figures> {
  return withSystem(make, async (system) => {
    const { answered, latencies } = await runLoad({ url: system.url, path: system.paths.greet, ...given });
    await whenHandled(system, 1 + answered);
    await checkGreeted(system, answered);
    return inMicroseconds(latencies);
  });
}

/** The floor, as of the other benchmarks with durable replies. */
function runBare(): Promise<Figures> {
  return inDirectory(async (directory) => {
    const { latencies } = await serveBare(directory, visits, (url) => runLoad({ url, path: visits.path, ...load }));
    return inMicroseconds(latencies);
  });
}

const compared = sides((make) => runLatency(make));

/** How long durable replies take that are asked for at a fixed rate. */
export const latency: Benchmark = {
  name: `peers-reply-at-${load.rate}-per-second`,
  metric: 'latency',
  unit: 'µs',
  ...compared,
  cases: [...compared.cases, { name: 'bare-http', run: runBare }],
};
