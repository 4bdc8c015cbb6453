import type { Benchmark } from '../benchmark.js';
import { runEndToEnd } from './end-to-end.js';
import { runConsume, runSource } from './jetstream-source.js';
import { runRing } from './ring-over-nodes.js';
import { givenSite } from './site.js';
import { runStored } from './stored.js';
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

const messages = 300_000;

const source: Benchmark = {
  name: 'cluster-jetstream-source',
  metric: 'messages read',
  unit: '1/s',
  baseline: 'ordered-consume',
  needsSite: true,
  cases: [
    { name: 'ordered-consume', run: () => runConsume(givenSite(), messages) },
    { name: 'source', bar: { of: 'ratio', atLeast: 0.7 }, run: () => runSource(givenSite(), messages) },
  ],
};

const endToEnd: Benchmark = {
  name: 'cluster-end-to-end',
  metric: 'latency',
  unit: 'ms',
  needsSite: true,
  cases: [50, 250, 1_000].map((intervalMs) => ({
    name: `checkpoints-every-${intervalMs}-ms`,
    run: async () => {
      const { p50, p99 } = await runEndToEnd(givenSite(), {
        intervalMs,
        rate: 100,
        warmUpMs: 2_000,
        measuredMs: 4_000,
      });
      return { p50, p99 };
    },
  })),
};

const stored: Benchmark = {
  name: 'cluster-storage',
  metric: 'S3:',
  unit: '',
  repetitions: 3,
  needsSite: true,
  cases: [100, 10_000].map((changed) => ({
    name: `${changed}-addresses-change`,
    run: () => runStored(givenSite(), { changed, checkpoints: 20, idleMs: 2_000 }),
  })),
};

/** What a cluster does on one machine with two cores, over a real nats-server and a real S3 server. */
export const cluster: readonly Benchmark[] = [ring, source, endToEnd, stored];
