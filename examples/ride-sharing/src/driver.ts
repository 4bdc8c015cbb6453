import { ask, Egress, FunctionType, Ingress, query, send } from '@stateful-functions/core';
import type { Trip } from './passenger.js';

/** A ride that looks for a driver. */
export interface Offer extends Trip {
  readonly rideId: string;
  readonly passengerId: string;
}

/** What a driver's phone tells. */
export type DriverReport =
  | { readonly event: 'moved'; readonly driverId: string; readonly cell: number }
  | { readonly event: 'started' | 'ended'; readonly driverId: string; readonly rideId: string };

/** What a driver's phone is told: pick this passenger up. */
export interface Pickup extends Offer {
  readonly driverId: string;
}

export interface DriverStatus {
  readonly cell: number | undefined;
  readonly rideId: string | undefined;
  /** Rides that have ended. */
  readonly trips: number;
}

/** One for each driver, by driver id. */
export const Driver = FunctionType.contract('ride/driver', {
  move: send<number>(),
  /** Answers whether the driver takes the ride. */
  offer: ask<Offer, boolean>(),
  start: send<string>(),
  end: send<string>(),
  status: query<void, DriverStatus>(),
});

export const reports = Ingress.of<DriverReport>('ride/reports');
export const pickups = Egress.of<Pickup>('ride/pickups');
