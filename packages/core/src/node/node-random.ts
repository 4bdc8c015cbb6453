import { randomFillSync } from 'node:crypto';
import type { Random } from '../ports/random.js';

/** Fetched at once: asking the system for a few bytes takes as long as for many. */
const poolBytes = 4_096;

/** The operating system's randomness. */
export class NodeRandom implements Random {
  readonly #pool = new Uint8Array(poolBytes);
  #used = poolBytes;

  bytes(length: number): Uint8Array {
    if (length > poolBytes) return randomFillSync(new Uint8Array(length));
    if (this.#used + length > poolBytes) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += length;
    const bytes = this.#pool.slice(from, this.#used);
    this.#pool.fill(0, from, this.#used); // Nobody is to get the same again, nor to find it in memory later.
    return bytes;
  }
}
