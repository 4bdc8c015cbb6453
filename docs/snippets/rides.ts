import { FunctionType, query, send } from '@stateful-functions/core';

export interface Trip {
  readonly km: number;
}

export const Driver = FunctionType.contract('ride/driver', { finish: send<Trip>(), status: query<void, string>() });
export const trip: Trip = { km: 7 };
