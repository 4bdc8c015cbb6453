import { expect } from 'chai';
import { clusterTrial } from '../cluster/cluster-trial.js';

describe('A simulated cluster', () => {
  for (const seed of [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144]) {
    it(`comes out exact while faults strike it, seed ${seed}`, async () => {
      const { violations } = await clusterTrial(seed);
      expect(violations).to.deep.equal([]);
    }).timeout(120_000);
  }

  it('repeats a run to the last event', async () => {
    const first = await clusterTrial(4);
    const second = await clusterTrial(4);
    expect(second.trace).to.deep.equal(first.trace);
    expect(second).to.deep.equal(first);
    expect(first.counts.committed).to.be.greaterThan(0);
  }).timeout(120_000);
});
