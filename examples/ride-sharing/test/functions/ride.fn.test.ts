import { FunctionHarness, type RecordedSend } from '@stateful-functions/core/testing';
import { expect } from 'chai';
import { cellAt, neighbourhood } from '../../src/city.js';
import { Driver } from '../../src/driver.js';
import { GeoCell } from '../../src/geo-cell.js';
import { Passenger } from '../../src/passenger.js';
import { RideFn } from '../../src/ride.fn.js';

const corner = cellAt(0, 0);
const request = { passengerId: 'ada', from: corner, to: 40 };
const nobody = { ok: true, value: undefined } as const;
const found = { ok: true, value: 'd' } as const;

describe('A ride', () => {
  let ride: FunctionHarness<RideFn>;
  const last = () => ride.sends.at(-1) as RecordedSend;

  beforeEach(async () => {
    ride = FunctionHarness.of(RideFn, { id: 'r' });
    await ride.call('request', request);
  });

  it('asks the cell of its passenger, the driver there, and tells the passenger who comes', async () => {
    expect(last()).to.deep.include({ to: GeoCell.at(`${corner}`), operation: 'find', replyTo: 'found' });
    await ride.answer(last(), found);
    const offer = { rideId: 'r', ...request };
    expect(last()).to.deep.include({ to: Driver.at('d'), operation: 'offer', message: offer, replyTo: 'answered' });
    await ride.answer(last(), { ok: true, value: true });
    expect(last()).to.deep.include({
      to: Passenger.at('ada'),
      operation: 'hear',
      message: { event: 'found', rideId: 'r', driverId: 'd' },
    });
    expect(await ride.call('status')).to.deep.equal({ request, driverId: 'd' });
  });

  it('asks the same cell again when the driver rejects', async () => {
    await ride.answer(last(), found);
    await ride.answer(last(), { ok: true, value: false });
    expect(last()).to.deep.include({ to: GeoCell.at(`${corner}`), operation: 'find' });
    expect(ride.state.driverId).to.equal(undefined);
  });

  it('looks in all cells around, and fails with its id when there is no driver in any', async () => {
    const asked: string[] = [];
    while (last().operation === 'find') {
      asked.push(last().to.id);
      await ride.answer(last(), nobody);
    }
    expect(asked).to.deep.equal(neighbourhood(corner).map(String)).and.have.length(4);
    expect(last()).to.deep.include({
      to: Passenger.at('ada'),
      message: { event: 'failed', rideId: 'r', reason: 'no driver is near' },
    });
    expect(ride.state.passenger).to.equal(undefined);
  });

  it('fails when whom it asks cannot answer', async () => {
    await ride.answer(last(), { ok: false, error: { code: 'SF_HANDLER_FAILED', message: 'broken' } });
    expect(last().message).to.deep.equal({ event: 'failed', rideId: 'r', reason: 'broken' });
  });

  it('starts and ends with the driver it has, and leaves nothing behind', async () => {
    await ride.answer(last(), found);
    await ride.answer(last(), { ok: true, value: true });
    ride.clear();
    await ride.call('start');
    await ride.call('end');
    expect(ride.sends.map(({ message }) => message)).to.deep.equal([
      { event: 'started', rideId: 'r', driverId: 'd' },
      { event: 'ended', rideId: 'r', driverId: 'd' },
    ]);
    expect(ride.state).to.deep.equal({ passenger: undefined, driverId: undefined, searched: 0 });
    const error = await ride.call('end').catch((thrown: unknown) => thrown);
    expect(error).to.have.property('message').that.includes('cannot be ended');
  });
});
