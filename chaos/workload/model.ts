import type { Report } from '../application/node.js';
import { followers, type Step } from '../application/step.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Foretold extends Mutable<Omit<Report, 'byWork' | 'ledger' | 'sentTo' | 'heardFrom' | 'diary'>> {
  readonly byWork: Map<string, number>;
  readonly ledger: Map<string, number>;
  readonly sentTo: Map<string, number>;
  readonly heardFrom: Map<string, number>;
  diary: string[];
}

/**
 * What every node and the output must hold once all commands have been carried out, worked out without running anything.
 *
 * Possible because whatever depends on the order of messages is told by a node's own commands, whose order is guaranteed,
 * and everything else adds up to the same in any order.
 */
export class Model {
  /** The id of each line that must be written once, and who writes it. */
  readonly lines = new Map<string, string>();
  /** How many dead letters there must be. */
  deadLetters = 0;
  commands = 0;
  readonly #nodes = new Map<string, Foretold>();

  /** Adds a command. */
  add(step: Step): void {
    this.commands += 1;
    this.#visit(step, undefined);
  }

  /** Adds a line that is not JSON. */
  addMalformed(): void {
    this.commands += 1;
    this.deadLetters += 1;
  }

  /** What each node must report. */
  get reports(): Map<string, Report> {
    const reports = new Map<string, Report>();
    for (const [id, { byWork, ledger, sentTo, heardFrom, ...rest }] of this.#nodes) {
      const maps = {
        byWork: sorted(byWork),
        ledger: sorted(ledger),
        sentTo: sorted(sentTo),
        heardFrom: sorted(heardFrom),
      };
      reports.set(id, { ...rest, ...maps });
    }
    return reports;
  }

  /** @param asker who asked, if the step was asked for. */
  #visit(step: Step, asker: string | undefined): void {
    const node = this.#node(step.to);
    if (step.work === 'poison') {
      this.deadLetters += 1;
      if (asker !== undefined) this.#node(asker).failures += 1;
      return;
    }
    if (step.order !== undefined) node.lastOrder = step.order;
    node.handled += 1;
    node.total += step.amount;
    count(node.byWork, step.work);
    this.#workOf(step, node);
    this.#line(step.to, step.id);
    for (const next of followers(step)) {
      if (next.how === 'send') {
        count(node.sentTo, next.step.to);
        count(this.#node(next.step.to).heardFrom, step.to);
      }
      this.#visit(next.step, next.how === 'ask' ? step.to : undefined);
    }
    if (asker === undefined) return;
    this.#node(asker).answers += step.amount;
    this.#line(asker, `${step.id}?`);
  }

  #workOf({ id, to, work, amount, key = '' }: Step, { ledger, diary }: Foretold): void {
    if (work === 'tally') ledger.set(key, (ledger.get(key) ?? 0) + amount);
    else if (work === 'write') ledger.set(key, amount);
    else if (work === 'erase') ledger.delete(key);
    else if (work === 'append') diary.push(id);
    else if (work === 'clear') diary.length = 0;
    else if (work === 'cancel') this.#line(to, `${id}x`);
    else if (work === 'defer') this.#line(to, `${id}!`);
  }

  #line(sender: string, id: string): void {
    if (this.lines.has(id)) throw new Error(`the workload uses the id ${id} twice`);
    this.lines.set(id, sender);
    this.#node(sender).emitted += 1;
  }

  #node(id: string): Foretold {
    const found = this.#nodes.get(id);
    if (found !== undefined) return found;
    const counters = { handled: 0, total: 0, emitted: 0, answers: 0, failures: 0, lastOrder: 0 };
    const maps = {
      byWork: new Map<string, number>(),
      ledger: new Map<string, number>(),
      sentTo: new Map<string, number>(),
      heardFrom: new Map<string, number>(),
    };
    const made: Foretold = { ...counters, disorders: 0, fired: 0, kept: 0, ...maps, diary: [] };
    this.#nodes.set(id, made);
    return made;
  }
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function sorted(map: ReadonlyMap<string, number>): [string, number][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
