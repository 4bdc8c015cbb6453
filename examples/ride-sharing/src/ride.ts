import { FunctionType, query, type Reply, send } from '@stateful-functions/core';
import type { RideRequest } from './passenger.js';

export interface RideStatus {
  readonly request: RideRequest | undefined;
  readonly driverId: string | undefined;
}

/** One for each ride, from its request to its end. */
export const Ride = FunctionType.contract('ride/ride', {
  request: send<RideRequest>(),
  found: send<Reply<string | undefined>>(),
  answered: send<Reply<boolean>>(),
  start: send(),
  end: send(),
  status: query<void, RideStatus>(),
});
