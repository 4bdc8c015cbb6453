import { Egress, FunctionType, Ingress, send } from '@stateful-functions/core';

/** From one cell to another. */
export interface Trip {
  readonly from: number;
  readonly to: number;
}

/** A passenger asks for a ride. */
export interface RideRequest extends Trip {
  readonly passengerId: string;
}

/** What becomes of a ride: a driver is found, it starts and it ends; or it fails. */
export type RideNews =
  | { readonly event: 'found' | 'started' | 'ended'; readonly rideId: string; readonly driverId: string }
  | { readonly event: 'failed'; readonly rideId: string; readonly reason: string };

/** The news of a ride, for the passenger's phone. */
export type Notice = RideNews & { readonly passengerId: string };

/** One for each passenger, by passenger id. */
export const Passenger = FunctionType.contract('ride/passenger', {
  request: send<Trip>(),
  hear: send<RideNews>(),
});

export const requests = Ingress.of<RideRequest>('ride/requests');
export const notices = Egress.of<Notice>('ride/notices');
