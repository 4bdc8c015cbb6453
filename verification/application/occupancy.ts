/**
 * Sees whether an address ever has two invocations at once, and keeps what else handlers notice that must never be.
 *
 * It lies outside of the application, as what it sees must not be rolled back. Invocations are told apart by *life*: what a
 * dead process was handling goes on nowhere, and its successor may handle it again. Workers that give the same life name are
 * held to one invocation of an address between them.
 */
export class Occupancy {
  /** What was noticed, in words. */
  readonly violations: string[] = [];
  #invocations = 0;
  readonly #present = new Set<string>();
  #lives = 0;

  /** Invocations that were watched. */
  get invocations(): number {
    return this.#invocations;
  }

  /** A name that no other life has. */
  newLife(): string {
    this.#lives += 1;
    return `life ${this.#lives}`;
  }

  /** An invocation begins; to be told when it ends, once or more often. */
  enter(life: string, address: string): () => void {
    this.#invocations += 1;
    const key = `${life} ${address}`;
    if (this.#present.has(key)) {
      this.note(`overlap: ${address} has a second invocation in ${life}`);
      return () => {};
    }
    this.#present.add(key);
    return () => void this.#present.delete(key);
  }

  note(violation: string): void {
    this.violations.push(violation);
  }
}
