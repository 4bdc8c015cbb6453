import { type ApplicationFigures, cellBits, driverStates, type Frame } from '../page/frame.js';
import type { SimulatedDriver } from '../simulator/simulated-driver.js';
import type { Simulator } from '../simulator/simulator.js';

/** A picture of the city. */
export function encodeFrame(
  { drivers, witness }: Simulator,
  application: ApplicationFigures,
  verdict: readonly string[] | undefined,
): Frame {
  const { requested, underWay, ended, failed, waiting } = witness;
  return {
    drivers: encodeDrivers(drivers),
    waiting,
    rides: { requested, underWay, ended, failed },
    application,
    verdict,
  };
}

function encodeDrivers(drivers: readonly SimulatedDriver[]): string {
  const bytes = Buffer.alloc(drivers.length * 2);
  for (const [number, { cell, rideId, hasPassenger }] of drivers.entries()) {
    const state = driverStates.indexOf(hasPassenger ? 'driving' : rideId === undefined ? 'free' : 'fetching');
    bytes.writeUInt16LE(cell | (state << cellBits), number * 2);
  }
  return bytes.toString('base64');
}
