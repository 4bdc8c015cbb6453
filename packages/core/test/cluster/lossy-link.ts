import type { SeededRandom } from '../../src/testing/seeded-random.js';
import type { VirtualPlatform } from '../../src/testing/virtual-platform.js';

export interface LinkFaults {
  /** From 0 to 1: how many frames get lost. */
  readonly loss: number;
  /** From 0 to 1: how many arrive twice. */
  readonly repetition: number;
  /** Each frame takes up to this long, so they overtake each other. 0 keeps their order. */
  readonly maxDelayMs: number;
}

/** One direction of a network under virtual time, which loses, repeats, delays and reorders frames as a seed decides. */
export class LossyLink {
  /** Everything that was put on the wire. */
  readonly sent: Uint8Array[] = [];
  /** Carries nothing at all. */
  isCut = false;
  readonly #platform: VirtualPlatform;
  readonly #random: SeededRandom;
  readonly #faults: LinkFaults;
  readonly #receive: (bytes: Uint8Array) => void;

  constructor(platform: VirtualPlatform, faults: Partial<LinkFaults>, receive: (bytes: Uint8Array) => void) {
    this.#platform = platform;
    this.#random = platform.random.fork();
    this.#faults = { loss: 0, repetition: 0, maxDelayMs: 0, ...faults };
    this.#receive = receive;
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
    if (this.isCut || this.#random.chance(this.#faults.loss)) return;
    this.#carry(bytes);
    if (this.#random.chance(this.#faults.repetition)) this.#carry(bytes);
  }

  #carry(bytes: Uint8Array): void {
    const { scheduler } = this.#platform;
    const { maxDelayMs } = this.#faults;
    if (maxDelayMs === 0) scheduler.defer(() => this.#receive(bytes));
    else scheduler.after(this.#random.below(maxDelayMs + 1), () => this.#receive(bytes));
  }
}
