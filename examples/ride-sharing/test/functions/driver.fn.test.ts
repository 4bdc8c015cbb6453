import { FunctionHarness } from '@stateful-functions/core/testing';
import { expect } from 'chai';
import { DriverFn } from '../../src/driver.fn.js';
import { pickups } from '../../src/driver.js';
import { GeoCell } from '../../src/geo-cell.js';
import { Ride } from '../../src/ride.js';

const offer = { rideId: 'r', passengerId: 'ada', from: 3, to: 40 };

describe('A driver', () => {
  let driver: FunctionHarness<DriverFn>;

  beforeEach(async () => {
    driver = FunctionHarness.of(DriverFn, { id: 'd' });
    await driver.call('move', 3);
  });

  it('changes from cell to cell while free', async () => {
    await driver.call('move', 4);
    await driver.call('move', 4);
    expect(driver.sends).to.deep.equal([
      { to: GeoCell.at('3'), operation: 'join', message: 'd' },
      { to: GeoCell.at('3'), operation: 'leave', message: 'd' },
      { to: GeoCell.at('4'), operation: 'join', message: 'd' },
    ]);
  });

  it('takes one ride, and rejects all others until it has ended', async () => {
    expect(await driver.call('offer', offer)).to.equal(true);
    expect(await driver.call('offer', { ...offer, rideId: 'other' })).to.equal(false);
    expect(driver.egress(pickups)).to.deep.equal([{ ...offer, driverId: 'd' }]);
    await driver.call('start', 'r');
    await driver.call('end', 'r');
    expect(await driver.call('offer', { ...offer, rideId: 'other' })).to.equal(true);
  });

  it('is in no cell during a ride, and after it in the one where it ended', async () => {
    await driver.call('offer', offer);
    driver.clear();
    await driver.call('move', 39);
    await driver.call('move', 40);
    expect(driver.sends).to.deep.equal([]);
    await driver.call('start', 'r');
    await driver.call('end', 'r');
    expect(driver.sends).to.deep.equal([
      { to: Ride.at('r'), operation: 'start', message: undefined },
      { to: Ride.at('r'), operation: 'end', message: undefined },
      { to: GeoCell.at('40'), operation: 'join', message: 'd' },
    ]);
    expect(await driver.call('status')).to.deep.equal({ cell: 40, rideId: undefined, trips: 1 });
  });

  it('refuses a report on a ride that is not his', async () => {
    await driver.call('offer', offer);
    const error = await driver.call('end', 'other').catch((thrown: unknown) => thrown);
    expect(error).to.have.property('message').that.includes('the driver is in r, not in other');
    expect(driver.deadLetters).to.have.length(1);
  });
});
