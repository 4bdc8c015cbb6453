import type { Delivery } from '../application/actor.js';
import type { Command } from '../application/command.js';
import { type Arrival, type Forward, intakes } from '../application/intake.js';
import { isPoison } from '../application/manner.js';
import { Model } from '../model/model.js';
import { type ClientCall, ClientCalls, callManners } from './client-calls.js';
import { CommandTree, longestDelayMs } from './command-tree.js';
import { MortalLife } from './mortal-life.js';
import { namesOf } from './names.js';
import { Random } from './random.js';

export interface WorkloadOptions {
  /** Records of all ingresses together; 300 by default. */
  readonly commands?: number;
  /** Calls of clients; 16 by default. */
  readonly calls?: number;
  /** Addresses of each kind; 128, 12 and 8 by default. */
  readonly actors?: number;
  readonly mortals?: number;
  readonly registers?: number;
  /** Whether some timers are due after more than a minute; with a quarter of the seeds by default. */
  readonly hasLongTimers?: boolean;
}

/** How long the last things take that are not certain to happen: a chain of timers, pauses and retries. */
const longestChainMs = 5_000;

/** All that is asked of an application, as a seed has it, and the model of what must come of it. */
export class VerificationWorkload {
  readonly seed: number;
  /** The records of each of `intakes`, in order. */
  readonly arrivals: readonly Arrival[][] = intakes.map(() => []);
  /** What clients are to call, in any order and at any time. */
  readonly calls: readonly ClientCall[];
  /** Makes the calls, and remembers what came of them. */
  readonly clients = new ClientCalls();
  readonly model = new Model();
  readonly actors: readonly string[];
  readonly mortals: readonly string[];
  readonly registers: readonly string[];
  readonly hasLongTimers: boolean;
  readonly #random: Random;
  readonly #tree: CommandTree;
  readonly #lives: readonly MortalLife[];
  /** Messages from each ingress to each actor whose order is certain. */
  readonly #pairs = new Map<string, number>();

  constructor(seed: number, options: WorkloadOptions = {}) {
    const { commands = 300, calls = 16, actors = 128, mortals = 12, registers = 8 } = options;
    this.seed = seed;
    const random = new Random(seed);
    this.#random = random;
    this.hasLongTimers = options.hasLongTimers ?? random.chance(0.25);
    this.actors = namesOf(actors);
    this.mortals = namesOf(mortals);
    this.registers = namesOf(registers);
    this.#tree = new CommandTree(random, this.actors, this.hasLongTimers);
    this.#lives = this.mortals.map((id) => new MortalLife(id, random, this.#tree));
    for (let number = 1; number <= commands; number += 1) this.#arrive(`${number}`);
    this.calls = Array.from({ length: calls }, (_, number) => this.#call(`c${number + 1}`));
  }

  /** How long to wait, undisturbed, when all that is certain has come: until nothing more can. */
  get restMs(): number {
    return longestChainMs + (this.hasLongTimers ? longestDelayMs : 0);
  }

  #arrive(id: string): void {
    const random = this.#random;
    const draw = random.next();
    if (this.#lives.length > 0 && draw < 0.15) {
      this.#order(id);
      return;
    }
    const isBroken = draw > 0.98;
    const isFan = draw > 0.93;
    const first = random.between(0, this.actors.length - 1);
    const intake = random.chance(0.4) ? homeOf(first) : random.between(0, intakes.length - 1);
    const forwards = [this.#deliver(isFan ? `${id}a` : id, first, intake, isBroken)];
    if (isFan) forwards.push(this.#deliver(`${id}b`, random.between(0, this.actors.length - 1), intake, isBroken));
    this.#add(intake, { id, forwards, ...(isBroken ? { isBroken } : {}) });
  }

  #deliver(id: string, actor: number, intake: number, isBroken: boolean): Forward {
    const to = this.actors[actor] as string;
    const command = this.#tree.root(id, to, homeOf(actor) === intake);
    const from = `intake-${intake}`;
    const delivery: Delivery = { id, from, ...(isBroken ? {} : this.#pair(from, command)), command };
    return { kind: 'actor', delivery };
  }

  #pair(from: string, { to, manner }: Command): { readonly pair?: number } {
    if (isPoison(manner)) return {};
    const pair = (this.#pairs.get(`${from} ${to}`) ?? 0) + 1;
    this.#pairs.set(`${from} ${to}`, pair);
    return { pair };
  }

  #order(id: string): void {
    const index = this.#random.between(0, this.#lives.length - 1);
    const life = this.#lives[index] as MortalLife;
    const order = life.order(id);
    // Some have the ingress for their one sender, others a relay.
    const forward: Forward = index % 2 === 0 ? { kind: 'mortal', order } : { kind: 'relay', relay: life.id, order };
    this.#add(homeOf(index >> 1), { id, forwards: [forward] });
  }

  #add(intake: number, arrival: Arrival): void {
    this.arrivals[intake]?.push(arrival);
    this.model.add(arrival);
  }

  #call(id: string): ClientCall {
    const random = this.#random;
    const how = random.chance(0.5) ? 'send' : 'ask';
    const key = random.chance(0.4) ? { key: `key of ${id}` } : {};
    const timeout = how === 'ask' && random.chance(0.15) ? { timeoutMs: random.between(1, 4) } : {};
    const entry = { id, manner: random.pick(callManners), pauseMs: random.between(1, 20) };
    return { entry, to: random.pick(this.registers), how, ...key, ...timeout };
  }
}

/** The one ingress by which commands come to an address whose outcome depends on their order. */
function homeOf(index: number): number {
  return index % intakes.length;
}
