import type { Context, PersistedMap } from '@stateful-functions/core';
import type { Passed } from './actor.js';

/** Disorders that are kept; one shows that something is wrong. */
const most = 5;

/** Numbers what an address sends to each other, and checks the numbers of what it hears. */
export class Correspondence {
  constructor(
    readonly sentTo: PersistedMap<string, number>,
    readonly heardFrom: PersistedMap<string, number>,
    readonly disorders: string[],
  ) {}

  /** The number of the next message to an address. */
  next(to: string): number {
    return this.sentTo.update(to, (sent = 0) => sent + 1);
  }

  hear(ctx: Context, { id, from, pair }: Passed): void {
    const { caller } = ctx;
    if (caller !== undefined && String(caller) !== from) this.#object(`${id} of ${from} says it comes from ${caller}`);
    if (pair === undefined) return;
    const before = this.heardFrom.get(from) ?? 0;
    if (pair !== before + 1) this.#object(`${id} is the ${pair}. of ${from}, after its ${before}.`);
    this.heardFrom.set(from, pair);
  }

  #object(disorder: string): void {
    if (this.disorders.length < most) this.disorders.push(disorder);
  }
}
