import { expect } from 'chai';
import { outage } from '../power/outage.js';

describe('An application whose power is cut', function () {
  this.timeout(60_000);

  it('ends exact after 40 cuts at random instants', async () => {
    const result = await outage({ cuts: 40, seed: 1 });
    expect(result.violations).to.deep.equal([]);
    expect(result.cuts).to.equal(40);
    expect(result.checkpoints).to.be.above(10);
    expect(result.compactions).to.be.above(0);
    expect(result.lines).to.be.above(400);
  });
});
