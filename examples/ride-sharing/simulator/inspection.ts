import type { Client } from '@stateful-functions/core';
import { cellCount } from '../src/city.js';
import { Driver } from '../src/driver.js';
import { GeoCell } from '../src/geo-cell.js';
import type { SimulatedDriver } from './simulated-driver.js';

/** So many are asked at a time. */
const batch = 250;

/**
 * Compares what the application knows of the drivers with where they are, when nobody moves any more: each free, in the right cell
 * and in no other, with as many trips as he made.
 */
export async function inspect(client: Pick<Client, 'query'>, drivers: readonly SimulatedDriver[]): Promise<string[]> {
  const differences: string[] = [];
  const cellsOf = new Map<string, number[]>();
  await inBatches([...Array(cellCount).keys()], async (cell) => {
    for (const id of await client.query(GeoCell.at(`${cell}`)).drivers()) {
      cellsOf.set(id, [...(cellsOf.get(id) ?? []), cell]);
    }
  });
  await inBatches(drivers, async ({ id, cell, trips }) => {
    const known = { ...(await client.query(Driver.at(id)).status()), cells: cellsOf.get(id) ?? [] };
    const actual = { cell, rideId: undefined, trips, cells: [cell] };
    const [knownText, actualText] = [text(known), text(actual)];
    if (knownText !== actualText) differences.push(`${id} is ${actualText}, and the application says ${knownText}`);
  });
  return differences;
}

function text({ cell, rideId, trips, cells }: { cell: unknown; rideId: unknown; trips: number; cells: number[] }) {
  return `in cell ${cell}, ${rideId === undefined ? 'free' : `in the ride ${rideId}`}, after ${trips} trips, listed in [${cells}]`;
}

async function inBatches<T>(values: readonly T[], work: (value: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < values.length; at += batch) await Promise.all(values.slice(at, at + batch).map(work));
}
