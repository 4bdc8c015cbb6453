import { faultKinds } from '@stateful-functions/core/testing';
import { expect } from 'chai';
import { clusterTrial } from '../cluster/cluster-trial.js';
import { SeedRange } from '../cluster/seed-range.js';
import { Tally } from '../cluster/tally.js';
import type { TrialAnswer } from '../cluster/trial-process.js';
import { trialsInProcesses } from '../cluster/trials.js';

describe('Trials in several processes', () => {
  it('run each seed once, as it runs here', async () => {
    const answers = new Map<number, TrialAnswer>();
    await trialsInProcesses(2, new SeedRange(11, 3), (answer) => void answers.set(answer.seed, answer));
    expect([...answers.keys()].sort()).to.deep.equal([11, 12, 13]);
    const { trace, ...here } = await clusterTrial(12);
    expect(trace).to.not.deep.equal([]);
    expect(answers.get(12)).to.deep.equal(here);
  }).timeout(120_000);

  it('end when they are stopped, with what is under way', async () => {
    const seeds = new SeedRange(1, 1_000);
    let answered = 0;
    await trialsInProcesses(2, seeds, () => {
      answered += 1;
      seeds.stop();
    });
    expect(answered).to.be.within(1, 2);
  }).timeout(120_000);
});

describe('A tally', () => {
  it('names the kinds of faults that never struck', () => {
    const tally = new Tally();
    const strikes = Object.fromEntries(faultKinds.slice(1).map((kind) => [kind, 1]));
    const counts = { epochs: 1, committed: 1, abandoned: 0, restored: 0 };
    const held = { messages: 0, outstanding: 0, records: 0, submissions: 0, callbacks: 0 };
    tally.add({ seed: 1, violations: [], strikes, counts, held });
    expect(tally.missing()).to.deep.equal(faultKinds.slice(0, 1));
  });
});
