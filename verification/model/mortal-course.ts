import type { Command } from '../application/command.js';
import { isPoison } from '../application/manner.js';
import { detailOf, Mortal, type MortalAct, type Order, Relay, relayedBy } from '../application/mortal.js';
import { type Foretold, ForetoldMortal, type ForetoldTrace } from './foretold.js';

/** What mortals have to do with the rest. */
interface Surroundings {
  bury(order: Order): void;
  trace(id: string, trace: ForetoldTrace): void;
  /** A timer of a mortal. */
  carry(command: Command, from: string): void;
}

/** Follows the orders of mortals, which come in the order they are told here. */
export class MortalCourse {
  readonly #foretold: Foretold;
  readonly #surroundings: Surroundings;
  /** How many orders each relay has passed on, and the last. */
  readonly #relays = new Map<string, { passed: number; last: string }>();

  constructor(foretold: Foretold, surroundings: Surroundings) {
    this.#foretold = foretold;
    this.#surroundings = surroundings;
  }

  obey(order: Order, relay: string | undefined): void {
    const { id, to, acts, manner } = order;
    const relayed = relay === undefined ? undefined : this.#pass(relay, id);
    if (isPoison(manner)) {
      this.#surroundings.bury(order);
      return;
    }
    const by = `${Mortal.name}/${to}`;
    const mortal = this.#mortal(by);
    mortal.age += 1;
    for (const act of acts) this.#do(act, by, mortal);
    const from = relay === undefined ? {} : { from: `${Relay.name}/${relay}` };
    const { age, total, notes, shelf } = mortal;
    const detail = detailOf({ age, total, notes: notes.length, shelf: shelf.size }, relayed);
    this.#surroundings.trace(id, { by, egress: 1, isVisit: true, isNumbered: true, ...from, detail });
    if (acts.some(({ kind }) => kind === 'forget')) this.#foretold.mortals.set(by, new ForetoldMortal());
  }

  /** What a relay says as it passes an order on, whatever becomes of that. */
  #pass(relay: string, id: string): string {
    const { passed, last } = this.#relays.get(relay) ?? { passed: 0, last: 'none' };
    this.#relays.set(relay, { passed: passed + 1, last: id });
    return relayedBy(passed + 1, last);
  }

  #do(act: MortalAct, by: string, mortal: ForetoldMortal): void {
    const { marks, shelf, notes } = mortal;
    if (act.kind === 'add') mortal.total += act.amount;
    else if (act.kind === 'mark') marks.set(act.key, (marks.get(act.key) ?? 0) + act.amount);
    else if (act.kind === 'put') shelf.set(act.key, act.value);
    else if (act.kind === 'take') shelf.delete(act.key);
    else if (act.kind === 'note') notes.push(act.text);
    else if (act.kind === 'delay') this.#surroundings.carry(act.command, by);
  }

  #mortal(address: string): ForetoldMortal {
    const { mortals } = this.#foretold;
    let mortal = mortals.get(address);
    if (mortal === undefined) {
      mortal = new ForetoldMortal();
      mortals.set(address, mortal);
    }
    return mortal;
  }
}
