import { FunctionType, Ingress, query, send } from '@stateful-functions/core';

/** Something to be counted. */
export interface Amount {
  readonly id: string;
  readonly amount: number;
}

export interface Count {
  readonly count: number;
  readonly sum: number;
}

/** Counts what comes to it, and adds it up. */
export const Counter = FunctionType.contract('bench/counter', {
  add: send<Amount>(),
  count: query<void, Count>(),
});

export const amounts = Ingress.of<Amount>('bench/amounts');
export const counterIds = 1_000;

export function amountOf(number: number): Amount {
  return { id: `account-${number % counterIds}`, amount: number % 7 };
}

/** What the first so many amounts come to. */
export function totalOf(messages: number): Count {
  let sum = 0;
  for (let number = 0; number < messages; number += 1) sum += amountOf(number).amount;
  return { count: messages, sum };
}
