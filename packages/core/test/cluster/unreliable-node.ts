import type { Membership } from '../../src/ports/membership.js';
import type { Platform } from '../../src/ports/platform.js';
import type { Random } from '../../src/ports/random.js';
import type { SeededRandom } from '../../src/testing/seeded-random.js';
import type { VirtualPlatform } from '../../src/testing/virtual-platform.js';

/** What may go wrong between a node and its table; chances are from 0 to 1. */
export interface Faults {
  /** On the way there, and again on the way back. */
  readonly maxDelayMs: number;
  /** A request is on its way for up to `longDelayMs`, and is obeyed then. */
  readonly delayed: number;
  readonly longDelayMs: number;
  /** A request never arrives. */
  readonly requestLost: number;
  /** A request is obeyed, and no answer comes. */
  readonly answerLost: number;
  /** A request is sent twice on the way, and the answer is to the second. */
  readonly repeated: number;
  /** A read shows what one before it did. */
  readonly stale: number;
  /** Of requests and answers that are lost, so many are never settled; the others are rejected. */
  readonly hanging: number;
}

export const noFaults: Faults = {
  maxDelayMs: 5,
  delayed: 0,
  longDelayMs: 0,
  requestLost: 0,
  answerLost: 0,
  repeated: 0,
  stale: 0,
  hanging: 0,
};

/**
 * A node in a virtual world: its clocks run at a rate of their own, its wall clock shows anything, it can be paused, and it
 * reaches a table over a network with faults.
 */
export class UnreliableNode {
  readonly platform: Pick<Platform, 'clock' | 'scheduler' | 'random'>;
  faults: Faults = noFaults;
  isCutOff = false;
  readonly #world: VirtualPlatform;
  readonly #random: SeededRandom;
  #awakeAtMs = 0;

  constructor(world: VirtualPlatform, rate = 1) {
    this.#world = world;
    this.#random = world.random.fork();
    const originMs = this.#random.below(1_000_000);
    const random: Random = this.#random.fork();
    this.platform = {
      clock: {
        now: () => this.#random.uint32(),
        monotonic: () => originMs + world.clock.monotonic() * rate,
      },
      scheduler: {
        defer: (work) => world.scheduler.defer(() => this.#whenAwake(work)),
        after: (delayMs, work) => {
          let isCancelled = false;
          const run = () => {
            if (!isCancelled) work();
          };
          const timer = world.scheduler.after(delayMs / rate, () => this.#whenAwake(run));
          return {
            cancel: () => {
              isCancelled = true;
              timer.cancel();
            },
          };
        },
      },
      random,
    };
  }

  /** Nothing of this node runs for so long, and then everything that waited does, in no certain order. */
  pause(ms: number): void {
    this.#awakeAtMs = Math.max(this.#awakeAtMs, this.#world.clock.monotonic() + ms);
  }

  wake(): void {
    this.#awakeAtMs = 0;
  }

  /** The table as this node reaches it. */
  reach(table: Membership): Membership {
    let lastRead: Awaited<ReturnType<Membership['read']>>;
    return {
      read: async (key) => {
        const [former, row] = [lastRead, await this.#call(() => table.read(key))];
        lastRead = row;
        return this.#random.chance(this.faults.stale) ? former : row;
      },
      write: (key, value, revision) => this.#call(() => table.write(key, value, revision)),
      remove: (key, revision) => this.#call(() => table.remove(key, revision)),
      list: (prefix) => this.#call(() => table.list(prefix)),
    };
  }

  async #call<T>(obey: () => Promise<T>): Promise<T> {
    const { faults } = this;
    const random = this.#random;
    await this.#pass(random.below(faults.maxDelayMs + 1));
    if (random.chance(faults.delayed)) await this.#pass(random.below(faults.longDelayMs));
    if (this.isCutOff || random.chance(faults.requestLost)) return this.#lost();
    let answer = await obey();
    if (random.chance(faults.repeated)) answer = await obey();
    await this.#pass(random.below(faults.maxDelayMs + 1));
    if (this.isCutOff || random.chance(faults.answerLost)) return this.#lost();
    await this.#awake();
    return answer;
  }

  async #lost(): Promise<never> {
    if (this.#random.chance(this.faults.hanging)) return new Promise(() => {});
    await this.#awake();
    throw new Error('connection reset');
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.scheduler.after(ms, resolve));
  }

  #awake(): Promise<void> {
    return new Promise((resolve) => this.#whenAwake(resolve));
  }

  #whenAwake(work: () => void): void {
    const pausedMs = this.#awakeAtMs - this.#world.clock.monotonic();
    if (pausedMs <= 0) work();
    else if (pausedMs < Number.POSITIVE_INFINITY) {
      this.#world.scheduler.after(pausedMs + this.#random.below(3), () => this.#whenAwake(work));
    }
  }
}
