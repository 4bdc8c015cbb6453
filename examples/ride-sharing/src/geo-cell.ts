import { ask, FunctionType, query, send } from '@stateful-functions/core';

/** One for each cell of the city, by the cell's number: knows the free drivers in it. */
export const GeoCell = FunctionType.contract('ride/geo-cell', {
  join: send<string>(),
  leave: send<string>(),
  /** Answers a free driver's id, or that there is none. */
  find: ask<void, string | undefined>(),
  drivers: query<void, readonly string[]>(),
});
