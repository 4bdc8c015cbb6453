import { ask, FunctionType, query, send } from '@stateful-functions/core';
import type { Entries } from './actor.js';
import type { Mannered } from './manner.js';

/** What a client enters. */
export type Entry = Mannered;

/** What a register holds. */
export interface RegisterReport {
  /** How often each entry was made, by its id. */
  readonly entries: Entries<number>;
  readonly visits: number;
}

/** Where clients leave something each: the only function they send to, so that what was promised to them shows. */
export const Register = FunctionType.contract('verification/register', {
  enter: send<Entry>(),
  /** Answers how often the entry is there by now. */
  confirm: ask<Entry, number>(),
  look: query<string, number>(),
  report: query<void, RegisterReport>(),
});
