import { randomFillSync } from 'node:crypto';
import type { Random } from '../ports/random.js';

/** The operating system's randomness. */
export class NodeRandom implements Random {
  bytes(length: number): Uint8Array {
    return randomFillSync(new Uint8Array(length));
  }
}
