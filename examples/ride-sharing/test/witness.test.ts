import { expect } from 'chai';
import { Witness } from '../simulator/witness.js';
import type { Notice } from '../src/passenger.js';

const trip = { from: 1, to: 2 };
const pickup = { driverId: 'd', rideId: 'r', passengerId: 'p', ...trip };
const hear = (event: 'found' | 'started' | 'ended', change: object = {}): Notice => ({
  event,
  passengerId: 'p',
  rideId: 'r',
  driverId: 'd',
  ...change,
});

describe('A witness', () => {
  let witness: Witness;

  beforeEach(() => {
    witness = new Witness();
    witness.request({ passengerId: 'p', ...trip });
  });

  /** A ride as it should be, unless its parts are left out. */
  function ride(...events: ('found' | 'started' | 'ended')[]): void {
    witness.pickup(pickup);
    for (const event of events) {
      if (event === 'ended') witness.report({ event, driverId: 'd', rideId: 'r' });
      witness.notice(hear(event));
    }
  }

  it('has nothing to say of a ride that ends, and of one that fails', () => {
    ride('found', 'started', 'ended');
    witness.request({ passengerId: 'q', ...trip });
    witness.notice({ event: 'failed', passengerId: 'q', rideId: 's', reason: 'no driver is near' });
    expect(witness.conclude()).to.deep.equal([]);
    expect(witness).to.include({ requested: 2, ended: 1, failed: 1, underWay: 0 });
  });

  it('sees a driver in two rides', () => {
    ride('found');
    witness.request({ passengerId: 'q', ...trip });
    witness.pickup({ ...pickup, rideId: 's', passengerId: 'q' });
    expect(witness.violations).to.deep.equal(['the driver d is in the rides r and s']);
  });

  it('sees a ride with two drivers', () => {
    ride('found');
    witness.pickup({ ...pickup, driverId: 'e' });
    witness.notice(hear('started', { driverId: 'e' }));
    expect(witness.violations).to.deep.equal(Array(2).fill('the ride r has the drivers d and e'));
  });

  it('sees a ride that ends twice', () => {
    ride('found', 'started', 'ended');
    witness.notice(hear('ended'));
    expect(witness.violations).to.deep.equal(['p hears that the ride r has ended, and has no ride under way']);
  });

  it('sees a ride that never ends', () => {
    ride('found', 'started');
    expect(witness.conclude()).to.include('the ride of p was started, and neither ended nor failed');
  });

  it('sees a request that becomes two rides', () => {
    ride('found');
    witness.notice(hear('started', { rideId: 's' }));
    expect(witness.violations).to.deep.equal(['p has the rides r and s']);
  });

  it('sees a step that is left out', () => {
    ride('found', 'ended');
    expect(witness.violations).to.deep.equal(['the ride r was found, and then ended']);
  });

  it('sees that a driver was sent in vain', () => {
    witness.pickup(pickup);
    witness.notice({ event: 'failed', passengerId: 'p', rideId: 'r', reason: 'no driver is near' });
    expect(witness.violations).to.deep.equal(['the ride r had no driver, and d was sent']);
  });
});
