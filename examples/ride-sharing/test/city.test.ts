import { expect } from 'chai';
import { CityUnderTest } from './city-under-test.js';

const options = { seed: 11, drivers: 500, passengers: 300, passengersPerSecond: 40 };
/** In ticks; rides take about a hundred. */
const patience = 2_000;

describe('The city', function () {
  this.timeout(30_000);

  it('brings every ride to its end, exactly once', async () => {
    await using city = await CityUnderTest.start(options);
    for (let tick = 0; !city.simulator.isOver && tick < patience; tick += 1) await city.tick();
    expect(await city.check()).to.deep.equal([]);
    const { requested, ended, failed } = city.simulator.witness;
    expect({ requested, over: ended + failed }).to.deep.equal({ requested: 300, over: 300 });
    // Some find no driver near, most do.
    expect(failed).to.be.within(1, 200);
  });

  it('loses and doubles nothing when it crashes again and again', async () => {
    await using city = await CityUnderTest.start({ ...options, seed: 12 });
    let underWayAtCrash = 0;
    for (let tick = 1; !city.simulator.isOver && tick < patience; tick += 1) {
      await city.tick();
      // 17 ticks are no multiple of a checkpoint's interval, so each crash strikes elsewhere between two.
      if (tick % 17 > 0 || tick > 200) continue;
      underWayAtCrash = Math.max(underWayAtCrash, city.simulator.witness.underWay);
      await city.app.crash();
      await city.app.restart();
    }
    expect(underWayAtCrash).to.be.greaterThan(50);
    expect(await city.check()).to.deep.equal([]);
    const { ended, failed } = city.simulator.witness;
    expect(ended + failed).to.equal(300);
  });
});
