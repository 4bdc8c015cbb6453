import { expect } from 'chai';
import { EmbeddedDeployment } from '../deployment/embedded-deployment.js';
import { Run } from '../run/run.js';

const city = { seed: 5, drivers: 200, passengers: 8, passengersPerSecond: 40 };

describe('A run', () => {
  it('comes to an end although rides do not, and says which', async () => {
    // The phones of all drivers are off: they are never told to fetch anybody.
    await using run = (await Run.start(
      city,
      (audience) => EmbeddedDeployment.start({ notice: (notice) => audience.notice(notice), pickup: () => {} }),
      { pace: 8, patienceMs: 1_500 },
    )) as Run;
    await run.live();
    const { underWay } = run.simulator.witness;
    expect(underWay).to.be.within(1, 8);
    const violations = await run.check();
    const unfinished = violations.filter((violation) => violation.endsWith('was found, and neither ended nor failed'));
    expect(unfinished).to.have.length(underWay);
    // The application believes that they drive.
    const driving = violations.filter((violation) => violation.includes('and the application says in cell'));
    expect(driving).to.have.length(underWay);
  });
});
