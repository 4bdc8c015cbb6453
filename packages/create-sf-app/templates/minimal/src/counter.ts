import { ask, FunctionType, query } from '@stateful-functions/core';

/** One counter for each id. Whoever calls counters imports this, and never the class behind it. */
export const Counter = FunctionType.contract('example/counter', {
  increment: ask<void, number>(),
  value: query<void, number>(),
});
