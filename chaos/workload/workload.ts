import { Random } from '@stateful-functions/verification';
import type { Next, Step, Work } from '../application/step.js';
import { Model } from './model.js';

const ownWork: readonly Work[] = ['write', 'write', 'erase', 'append', 'append', 'append'];
const anyWork: readonly Work[] = ['add', 'add', 'add', 'pause', 'stumble', 'stumble-late', 'tally', 'tally', 'cancel'];
const askedWork: readonly Work[] = ['add', 'pause', 'stumble', 'tally', 'defer', 'defer'];

/** Makes the lines of the input, as a seed has them, and tells the model of each. */
export class Workload {
  readonly model = new Model();
  readonly #random: Random;
  readonly #nodes: readonly string[];
  readonly #orders = new Map<string, number>();
  #made = 0;

  constructor(seed: number, nodes: number) {
    this.#random = new Random(seed);
    this.#nodes = Array.from({ length: nodes }, (_, number) => `n${number}`);
  }

  /** The next line, without its newline. */
  line(): string {
    this.#made += 1;
    if (this.#random.chance(0.01)) {
      this.model.addMalformed();
      return `{"id":"${this.#made}", broken`;
    }
    const step = this.#command(`${this.#made}`);
    this.model.add(step);
    return JSON.stringify(step);
  }

  #command(id: string): Step {
    const random = this.#random;
    const to = random.pick(this.#nodes);
    const amount = random.between(1, 5);
    if (random.chance(0.02)) return { id, to, work: 'poison', amount, next: [] };
    const order = (this.#orders.get(to) ?? 0) + 1;
    this.#orders.set(to, order);
    if (random.chance(0.1)) return { ...this.#cycle(id, to), order };
    if (random.chance(0.03)) return { id, to, work: 'clear', amount, order, next: [] };
    const isOwn = random.chance(0.4);
    const work = random.pick(isOwn ? ownWork : anyWork);
    // What is only added to has other keys than what is set and erased.
    const key = `${isOwn ? 'own' : 'sum'}-${random.between(1, 30)}`;
    return { id, to, work, amount, key, order, next: this.#next(id, 2) };
  }

  #cycle(id: string, to: string): Step {
    const random = this.#random;
    const ring = [to, ...Array.from({ length: random.between(1, 4) }, () => random.pick(this.#nodes))];
    const cycle = { ring, at: 0, left: random.between(3, 9), inner: random.between(0, 4) };
    return { id, to, work: 'cycle', amount: 1, cycle, next: [] };
  }

  #next(id: string, depth: number): Next[] {
    if (depth === 0) return [];
    return Array.from({ length: this.#random.between(0, 2) }, (_, number) => this.#follower(`${id}.${number}`, depth));
  }

  #follower(id: string, depth: number): Next {
    const random = this.#random;
    const how = random.pick(['send', 'send', 'timer', 'ask'] as const);
    const isPoison = how === 'ask' && random.chance(0.02);
    const work = isPoison ? 'poison' : random.pick(how === 'ask' ? askedWork : anyWork);
    const step: Step = {
      id,
      to: random.pick(this.#nodes),
      work,
      amount: random.between(1, 5),
      key: `sum-${random.between(1, 30)}`,
      next: isPoison ? [] : this.#next(id, depth - 1),
    };
    return { how, delayMs: random.between(1, 60), step };
  }
}
