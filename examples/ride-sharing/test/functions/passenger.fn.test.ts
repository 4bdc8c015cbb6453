import { FunctionHarness } from '@stateful-functions/core/testing';
import { expect } from 'chai';
import { PassengerFn } from '../../src/passenger.fn.js';
import { notices } from '../../src/passenger.js';

const trip = { from: 3, to: 40 };

describe('A passenger', () => {
  it('requests a ride whose id is that of the invocation, so that a replay makes the same', async () => {
    const rideIds: unknown[] = [];
    for (const _ of [1, 2]) {
      const passenger = FunctionHarness.of(PassengerFn, { id: 'ada', seed: 7 });
      await passenger.call('request', trip);
      const [request] = passenger.sends;
      expect(request).to.deep.include({ operation: 'request', message: { passengerId: 'ada', ...trip } });
      expect(request?.to.id).to.match(/^[0-9a-f]{32}$/);
      expect(passenger.state).to.deep.equal({ rideId: request?.to.id });
      rideIds.push(request?.to.id);
    }
    expect(rideIds[0]).to.equal(rideIds[1]);
  });

  it('passes news on, and is as new after the end of the ride', async () => {
    const passenger = FunctionHarness.of(PassengerFn, { id: 'ada' });
    await passenger.call('request', trip);
    await passenger.call('hear', { event: 'found', rideId: 'r', driverId: 'd' });
    expect(passenger.egress(notices)).to.deep.equal([
      { event: 'found', rideId: 'r', driverId: 'd', passengerId: 'ada' },
    ]);
    await passenger.call('hear', { event: 'ended', rideId: 'r', driverId: 'd' });
    expect(passenger.state).to.deep.equal({ rideId: undefined });
  });

  it('takes no second ride beside the first', async () => {
    const passenger = FunctionHarness.of(PassengerFn, { id: 'ada' });
    await passenger.call('request', trip);
    await passenger.call('request', trip);
    expect(passenger.sends).to.have.length(1);
    const [failed] = passenger.egress(notices);
    expect(failed).to.include({ event: 'failed', passengerId: 'ada' });
    expect(failed?.rideId)
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(passenger.state.rideId);
  });
});
