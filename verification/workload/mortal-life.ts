import { isPoison, type Manner } from '../application/manner.js';
import type { MortalAct, Order } from '../application/mortal.js';
import type { CommandTree } from './command-tree.js';
import type { Random } from './random.js';

const manners: readonly Manner[] = [
  ...Array<Manner>(12).fill('at-once'),
  ...(['pause', 'pause', 'throw-once', 'reject-once', 'hang-once', 'throw', 'reject'] as const),
];

/** Makes the orders of one mortal, in the order in which it gets them. */
export class MortalLife {
  readonly id: string;
  readonly #random: Random;
  readonly #tree: CommandTree;
  #orders = 0;

  constructor(id: string, random: Random, tree: CommandTree) {
    this.id = id;
    this.#random = random;
    this.#tree = tree;
  }

  order(id: string): Order {
    const random = this.#random;
    const manner = random.pick(manners);
    const acts = Array.from({ length: random.between(1, 4) }, (_, number) => this.#act(`${id}.${number}`));
    if (random.chance(0.25)) acts.splice(random.between(0, acts.length), 0, { kind: 'forget' });
    if (!isPoison(manner)) this.#orders += 1;
    return {
      id,
      to: this.id,
      manner,
      pauseMs: random.between(1, 20),
      number: isPoison(manner) ? 0 : this.#orders,
      acts,
    };
  }

  #act(id: string): MortalAct {
    const random = this.#random;
    const key = `s${random.between(1, 5)}`;
    const amount = random.between(1, 9);
    const kind = random.pick(['add', 'mark', 'put', 'put', 'take', 'note', 'delay'] as const);
    if (kind === 'add') return { kind, amount };
    if (kind === 'mark') return { kind, key, amount };
    if (kind === 'put') return { kind, key, value: amount };
    if (kind === 'take') return { kind, key };
    if (kind === 'note') return { kind, text: id };
    return { kind, delayMs: random.between(0, 40), command: this.#tree.leaf(id) };
  }
}
