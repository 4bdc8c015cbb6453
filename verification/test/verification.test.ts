import { Application, silentLogger } from '@stateful-functions/core';
import { VirtualPlatform } from '@stateful-functions/core/testing';
import { expect } from 'chai';
import {
  type Checked,
  collectReports,
  judge,
  Occupancy,
  Outside,
  VerificationModule,
  VerificationWorkload,
} from '../index.js';
import { type TrialOptions, trial } from './trial.js';

/** What was checked in all. */
const checked: Partial<Checked> = {};

/** Runs trials and tells what they violate, with the seed to see it again. */
async function trials(seeds: readonly number[], options: TrialOptions): Promise<string[]> {
  const violations: string[] = [];
  for (const seed of seeds) {
    const { workload, outcome, occupancy } = await trial(seed, options);
    const verdict = judge(workload, outcome);
    violations.push(...verdict.violations.map((violation) => `seed ${seed}: ${violation}`));
    for (const [what, count] of Object.entries(verdict.checked) as [keyof Checked, number][])
      checked[what] = (checked[what] ?? 0) + count;
    expect(occupancy.invocations).to.be.greaterThan(workload.arrivals.flat().length);
  }
  return violations;
}

const fives = (from: number, to: number) =>
  Array.from({ length: (to - from + 1) / 5 }, (_, group) => [0, 1, 2, 3, 4].map((seed) => from + group * 5 + seed));

describe('The verification application', () => {
  const small = { commands: 150, calls: 10 };

  for (const seeds of fives(1, 10)) {
    it(`does all that its model foretells, seeds ${seeds.join(', ')}`, async () => {
      const violations = await trials(seeds, small);
      expect(violations).to.deep.equal([]);
    });
  }

  for (const seeds of fives(11, 40)) {
    it(`does so when it is killed at random instants, seeds ${seeds.join(', ')}`, async () => {
      const violations = await trials(seeds, { ...small, crashes: 5 });
      expect(violations).to.deep.equal([]);
    });
  }

  it('does so when timers are due that only storage has', async () => {
    const violations = await trials([41, 42, 43], { ...small, hasLongTimers: true, crashes: 5 });
    expect(violations).to.deep.equal([]);
  });

  it('leaves something of every kind to be checked', () => {
    for (const [what, count] of Object.entries(checked)) expect(count, what).to.be.greaterThan(0);
  });

  it('comes out the same for the same seed', async () => {
    const [first, second, other] = [await trial(7, small), await trial(7, small), await trial(8, small)];
    expect(second.outcome).to.deep.equal(first.outcome);
    expect(other.outcome).to.not.deep.equal(first.outcome);
  });

  it('runs on any machine, with an outside of its own', async () => {
    const platform = new VirtualPlatform({ seed: 9 });
    const workload = new VerificationWorkload(9, { ...small, hasLongTimers: false });
    const [occupancy, outside] = [new Occupancy(), new Outside()];
    const module = new VerificationModule({ scheduler: () => platform.scheduler, occupancy, outside });
    const options = { platform, logger: silentLogger, handleSignals: false, maxParallelism: 16 };
    const app = await platform.run(Application.from(module).start(options));
    for (const [index, arrivals] of workload.arrivals.entries()) outside.sources[index]?.push(...arrivals);
    const fates = Promise.all(workload.calls.map((call) => workload.clients.make(app.client, call)));
    await platform.run(fates);
    await platform.advance(workload.restMs);
    const reports = await platform.run(collectReports(app.client, workload));
    await platform.run(app.stop());
    const verdict = judge(workload, { ...reports, ...outside.shown, noticed: occupancy.violations });
    expect(verdict.violations).to.deep.equal([]);
  });
});
