import { FunctionType, query, send } from '@stateful-functions/core';
import type { Entries } from './actor.js';
import type { Command } from './command.js';
import type { Mannered } from './manner.js';

/**
 * What a mortal does on one message. All that are for one mortal come from one sender, so what it holds at each is certain,
 * and that it forgets can be told as well.
 */
export interface Order extends Mannered {
  /** The id of a mortal. */
  readonly to: string;
  /** Its number among those of its mortal; 0 for one that fails and so cannot be counted. */
  readonly number: number;
  readonly acts: readonly MortalAct[];
  /** What the relay held that passed it on, see `relayedBy`. */
  readonly relayed?: string;
}

export type MortalAct =
  | { readonly kind: 'add'; readonly amount: number }
  | { readonly kind: 'mark'; readonly key: string; readonly amount: number }
  | { readonly kind: 'put'; readonly key: string; readonly value: number }
  | { readonly kind: 'take'; readonly key: string }
  | { readonly kind: 'note'; readonly text: string }
  /** Whatever comes before and after it is forgotten with the rest. */
  | { readonly kind: 'forget' }
  /** A timer for an actor, which stays when its owner forgets. */
  | { readonly kind: 'delay'; readonly delayMs: number; readonly command: Command };

/** Everything that a mortal holds. */
export interface MortalReport {
  /** Orders since it last forgot. */
  readonly age: number;
  readonly total: number;
  readonly marks: Entries<number>;
  readonly shelf: Entries<number>;
  readonly notes: readonly string[];
}

/** Lives, forgets, and begins anew. */
export const Mortal = FunctionType.contract('verification/mortal', {
  obey: send<Order>(),
  report: query<void, MortalReport>(),
});

/** Passes orders on, in the order they come: the one sender of some mortals. What it holds are texts and numbers, and it never waits. */
export const Relay = FunctionType.of<Order>('verification/relay');

/** What a mortal says of its state when it has carried out an order. */
export function detailOf(
  { age, total, notes, shelf }: { age: number; total: number; notes: number; shelf: number },
  relayed: string | undefined,
): string {
  const detail = `age ${age}, total ${total}, ${notes} notes, ${shelf} on the shelf`;
  return relayed === undefined ? detail : `${detail}, ${relayed}`;
}

/** What a relay says of its state when it passes an order on: how many it has passed, and the one before. */
export function relayedBy(passed: number, last: string): string {
  return `passed as number ${passed}, after ${last}`;
}
