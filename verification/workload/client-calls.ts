import { CallError, type Client } from '@stateful-functions/core';
import type { Manner } from '../application/manner.js';
import { type Entry, Register } from '../application/register.js';

/** One call from outside. */
export interface ClientCall {
  readonly entry: Entry;
  /** The id of a register. */
  readonly to: string;
  readonly how: 'send' | 'ask';
  /** Its idempotency key; only a call that has one may be made again. */
  readonly key?: string;
  /** A short patience, for an ask whose answer may be missed. */
  readonly timeoutMs?: number;
}

/** The manners of client calls. */
export const callManners: readonly Manner[] = [
  ...Array<Manner>(12).fill('at-once'),
  ...(['pause', 'throw-once', 'reject-once', 'throw'] as const),
];

/**
 * What a caller knows of a call: `acknowledged`, so it must have happened; `refused`, so it must not have, and is a dead letter;
 * or `unknown`, and it may have happened or not.
 */
export type Fate = 'acknowledged' | 'refused' | 'unknown';

/** What of a client is used: the one of an application, of a test, or of another process. */
export type CallingClient = Pick<Client, 'to' | 'ask' | 'query'>;

/** Makes calls, and remembers what was promised. */
export class ClientCalls {
  readonly #fates = new Map<string, Fate>();
  /** What does not fit together, as clients saw it. */
  readonly violations: string[] = [];

  fateOf({ entry }: ClientCall): Fate {
    return this.#fates.get(entry.id) ?? 'unknown';
  }

  /** Whether a call was begun, whatever came of it. */
  wasMade({ entry }: ClientCall): boolean {
    return this.#fates.has(entry.id);
  }

  /**
   * Makes a call; never rejects. A call that has no key is made once.
   *
   * @throws an error where a call without a key is made a second time, since it could then rightly happen twice.
   */
  async make(client: CallingClient, call: ClientCall): Promise<Fate> {
    const { entry, to, how, key, timeoutMs } = call;
    if (key === undefined && this.wasMade(call)) throw new Error(`the call ${entry.id} has no key and was made before`);
    if (!this.wasMade(call)) this.#fates.set(entry.id, 'unknown');
    const options = key === undefined ? {} : { idempotencyKey: key };
    try {
      if (how === 'send') await client.to(Register.at(to), options).enter(entry);
      else {
        const patience = timeoutMs === undefined ? {} : { timeout: timeoutMs };
        const count = await client.ask(Register.at(to), { ...options, ...patience }).confirm(entry);
        if (count !== 1) this.violations.push(`client: ${entry.id} was entered ${count} times when it was confirmed`);
      }
    } catch (error) {
      if (error instanceof CallError && error.code === 'SF_HANDLER_FAILED') this.#learn(call, 'refused');
      return this.fateOf(call);
    }
    this.#learn(call, 'acknowledged');
    if (how === 'ask') await this.#look(client, call);
    return this.fateOf(call);
  }

  /** What was confirmed is there for whoever looks from then on. */
  async #look(client: CallingClient, { entry, to }: ClientCall): Promise<void> {
    const count = await client
      .query(Register.at(to))
      .look(entry.id)
      .catch(() => undefined); // Nobody was there to ask.
    if (count !== undefined && count !== 1)
      this.violations.push(`client: ${entry.id} was confirmed, and then found ${count} times`);
  }

  #learn({ entry }: ClientCall, fate: Fate): void {
    const before = this.#fates.get(entry.id);
    if (before !== undefined && before !== 'unknown' && before !== fate)
      this.violations.push(`client: ${entry.id} was ${before}, and then ${fate}`);
    this.#fates.set(entry.id, fate);
  }
}
