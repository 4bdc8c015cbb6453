import { expect } from 'chai';
import { hunt } from '../kill/hunt.js';

describe('An application that is killed', function () {
  this.timeout(120_000);

  for (const workers of [1, 3, 'any'] as const) {
    it(`ends exact after 3 kills at random instants, with ${workers} workers`, async () => {
      const result = await hunt({ kills: 3, seed: 1, workers });
      expect(result.violations).to.deep.equal([]);
      expect(result.restarts).to.be.above(3);
      expect(result.checkpoints).to.be.above(0);
      expect(result.lines).to.be.above(100);
    });
  }
});
