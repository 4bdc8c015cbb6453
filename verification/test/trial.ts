import { type DeadLetter, deadLetters, type Egress } from '@stateful-functions/core';
import { TestApplication } from '@stateful-functions/core/testing';
import {
  collectReports,
  intakes,
  Occupancy,
  type Outcome,
  Progress,
  traces,
  VerificationModule,
  VerificationWorkload,
  type WorkloadOptions,
} from '../index.js';
import { Random } from '../workload/random.js';
import { SlowStore } from './slow-store.js';

export interface TrialOptions extends WorkloadOptions {
  /** How often the application is killed at a random instant. */
  readonly crashes?: number;
}

export interface Trial {
  readonly workload: VerificationWorkload;
  readonly outcome: Outcome;
  readonly occupancy: Occupancy;
}

/** Virtual time in which all that is certain must have come, beside that of timers. */
const patienceMs = 60_000;

/** Has an application of one worker carry out a workload, and looks at what it left behind. */
export async function trial(seed: number, { crashes = 0, ...options }: TrialOptions = {}): Promise<Trial> {
  const random = new Random(seed ^ 0x5eed);
  const workload = new VerificationWorkload(seed, options);
  const occupancy = new Occupancy();
  let started: TestApplication | undefined;
  const module = new VerificationModule({ scheduler: () => app.scheduler, occupancy });
  const app: TestApplication = await TestApplication.start({
    modules: [module],
    seed,
    maxParallelism: 16,
    // Some drop addresses from memory whenever they can, and some commit often.
    maxActiveAddresses: random.pick([30, 1_000, 1_000]),
    checkpoints: { interval: random.pick([20, 60, 120]), store: new SlowStore(random, () => started?.scheduler) },
  });
  started = app;
  const pending = workload.arrivals.map((arrivals) => [...arrivals]);
  const calls = [...workload.calls];
  const progress = new Progress(workload);
  const out = () => traces.map((egress) => app.egress(egress));
  let crashesLeft = crashes;
  for (let waitedMs = 0; waitedMs < patienceMs + workload.restMs; ) {
    for (const [index, arrivals] of pending.entries())
      app.push(intakes[index] as (typeof intakes)[0], ...arrivals.splice(0, random.between(0, 12)));
    const call = calls.shift();
    if (call !== undefined) {
      const isFirst = !workload.clients.wasMade(call);
      await workload.clients.make(app.client, call);
      if (isFirst && call.key !== undefined) calls.push(call);
    }
    const stepMs = random.between(1, 25);
    await app.advance(stepMs);
    if (crashesLeft > 0 && random.chance(0.4)) {
      crashesLeft -= 1;
      await app.crash();
      await app.restart();
    }
    const isFed = calls.length === 0 && pending.every((arrivals) => arrivals.length === 0);
    if (isFed && crashesLeft === 0 && progress.isComplete(out(), app.deadLetters.length)) break;
    if (isFed) waitedMs += stepMs;
  }
  await app.advance(workload.restMs);
  await app.checkpoint();
  const reports = await collectReports(app.client, workload);
  const letters = app.egress(deadLetters as Egress<DeadLetter>);
  const outcome = { ...reports, traces: out(), deadLetters: letters, noticed: [...occupancy.violations] };
  await app.stop();
  return { workload, outcome, occupancy };
}
