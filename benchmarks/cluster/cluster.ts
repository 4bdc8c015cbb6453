import type { Benchmark } from '../benchmark.js';
import { runRing } from './ring-over-nodes.js';
import { givenSite } from './site.js';
import { runWire } from './wire-limit.js';

const ring: Benchmark = {
  name: 'cluster-ring',
  metric: 'crossing messages',
  unit: '1/s',
  baseline: 'wire-limit',
  needsSite: true,
  cases: [
    { name: 'wire-limit', run: () => runWire(givenSite(), { warmUpMs: 1_000, measuredMs: 3_000 }) },
    {
      name: '2-nodes',
      bar: { of: 'ratio', atLeast: 0.5 },
      run: () => runRing(givenSite(), { messages: 8_192, warmUpMs: 2_000, measuredMs: 4_000 }),
    },
  ],
};

/** What a cluster does on one machine with two cores, over a real nats-server and a real S3 server. */
export const cluster: readonly Benchmark[] = [ring];
