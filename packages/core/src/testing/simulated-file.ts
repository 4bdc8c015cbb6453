import type { SeededRandom } from './seeded-random.js';

/** A change to a file that no sync has made durable yet. */
type Change = { readonly position: number; readonly bytes: Uint8Array } | { readonly truncateTo: number };

/**
 * A file's contents twice: as programs see them, and as the medium holds them.
 *
 * Invariant: the durable contents change by sync and by crash only.
 */
export class SimulatedFile {
  readonly #visible = new Contents();
  readonly #durable = new Contents();
  #unsynced: Change[] = [];

  get size(): number {
    return this.#visible.length;
  }

  read(position: number, length: number): Uint8Array {
    return this.#visible.read(position, length);
  }

  write(position: number, bytes: Uint8Array): void {
    this.#change({ position, bytes: bytes.slice() });
  }

  truncate(length: number): void {
    this.#change({ truncateTo: length });
  }

  sync(): void {
    for (const change of this.#unsynced) this.#durable.apply(change);
    this.#unsynced = [];
  }

  /**
   * A sync that failed: the cache forgot which pages were dirty. Programs go on seeing what they wrote, and no later sync
   * makes it durable, as on Linux.
   */
  failSync(): void {
    this.#unsynced = [];
  }

  /** Power is lost: of what was not synced, each change survives wholly, torn, or not at all. */
  crash(random: SeededRandom): void {
    const survival = survivals[random.below(survivals.length)] ?? 'nothing';
    for (const change of this.#unsynced) {
      const survived = survivor(change, survival, random);
      if (survived !== undefined) this.#durable.apply(survived);
    }
    this.#unsynced = [];
    this.#visible.copyFrom(this.#durable);
  }

  #change(change: Change): void {
    this.#visible.apply(change);
    this.#unsynced.push(change);
  }
}

/** Extremes are the likeliest to show a bug, so they come as often as a mixture. */
const survivals = ['nothing', 'everything', 'some'] as const;

function survivor(change: Change, survival: (typeof survivals)[number], random: SeededRandom): Change | undefined {
  if (survival === 'everything') return change;
  if (survival === 'nothing' || random.chance(1 / 3)) return undefined;
  if ('truncateTo' in change || random.chance(1 / 2)) return change;
  return { position: change.position, bytes: change.bytes.subarray(0, random.below(change.bytes.length + 1)) };
}

/** Bytes that grow in place; a gap reads as zeros. */
class Contents {
  #bytes: Uint8Array = new Uint8Array(0);
  length = 0;

  read(position: number, length: number): Uint8Array {
    return this.#bytes.slice(Math.min(position, this.length), Math.min(position + length, this.length));
  }

  apply(change: Change): void {
    if ('truncateTo' in change) {
      this.#reserve(change.truncateTo);
      if (change.truncateTo < this.length) this.#bytes.fill(0, change.truncateTo, this.length);
      this.length = change.truncateTo;
    } else if (change.bytes.length > 0) {
      const end = change.position + change.bytes.length;
      this.#reserve(end);
      this.#bytes.set(change.bytes, change.position);
      this.length = Math.max(this.length, end);
    }
  }

  copyFrom(other: Contents): void {
    this.#bytes = other.read(0, other.length);
    this.length = other.length;
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}
