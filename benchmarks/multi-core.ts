import { setTimeout as wait } from 'node:timers/promises';
import { Application, type RunningApplication } from '@stateful-functions/core';
import type { Benchmark } from './benchmark.js';
import { inDirectory } from './in-directory.js';
import { Ring, type RingLoad, ringId, spin } from './ring.module.js';

/** Messages on their way at any time. */
const tokens = 2_048;
const warmUpMs = 1_000;
const measuredMs = 3_000;

/** Invocations a second of messages that go on for ever, in the middle of it. */
async function measureRing(directory: string, workers: number, load: RingLoad): Promise<number> {
  const app = await Application.from(new URL('./ring.module.js', import.meta.url)).start({
    workers,
    config: { load: JSON.stringify(load) },
    checkpoints: { directory },
    handleSignals: false,
  });
  try {
    const text = 'a message of no great length';
    const sent = Array.from({ length: tokens }, (_, at) =>
      app.client.send(Ring.at(ringId(at)), { at, hops: at, text }),
    );
    await Promise.all(sent);
    await wait(warmUpMs);
    return await rateOf(app);
  } finally {
    await app.stop();
  }
}

async function rateOf(app: RunningApplication): Promise<number> {
  const startMs = performance.now();
  const before = app.status;
  await wait(measuredMs);
  const { invocations, checkpoint } = app.status;
  const seconds = (performance.now() - startMs) / 1_000;
  if (checkpoint.committed === before.checkpoint.committed) throw new Error('no checkpoint was committed');
  return (invocations - before.invocations) / seconds;
}

/** Rounds of `spin` that take a microsecond: of several tries the fastest, when nothing else was in the way. */
function spinsPerMicrosecond(): number {
  const rounds = 2_000_000;
  let leastMs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const startMs = performance.now();
    spin(rounds);
    leastMs = Math.min(leastMs, performance.now() - startMs);
  }
  return rounds / (leastMs * 1_000);
}

/** @param farEvery with two workers, half of the hops to another id cross: one in 1 is half of all, one in 5 is a tenth. */
function ring(name: string, farEvery: number, workUs: number): Benchmark {
  const run = (workers: number) => () =>
    inDirectory((directory) =>
      measureRing(directory, workers, {
        farEvery,
        spins: workUs === 0 ? 0 : Math.round(workUs * spinsPerMicrosecond()),
      }),
    );
  return {
    name,
    metric: 'invocations',
    unit: '1/s',
    baseline: '1-worker',
    cases: [
      { name: '1-worker', run: run(1) },
      { name: '2-workers', run: run(2) },
    ],
  };
}

/** What a second core brings, for handlers that compute, for empty ones that talk mostly to neighbours, and for the worst case. */
export const multiCore: readonly Benchmark[] = [
  ring('multi-core-5us-half-crossing', 1, 5),
  ring('multi-core-empty-tenth-crossing', 5, 0),
  ring('multi-core-empty-half-crossing', 1, 0),
];
