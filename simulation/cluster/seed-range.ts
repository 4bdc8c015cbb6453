/** Seeds that are dealt out one by one. */
export class SeedRange {
  #next: number;
  #end: number;

  constructor(from: number, count: number) {
    this.#next = from;
    this.#end = from + count;
  }

  /** The next seed; `undefined` when there is none. */
  next(): number | undefined {
    if (this.#next >= this.#end) return undefined;
    this.#next += 1;
    return this.#next - 1;
  }

  /** From now on there is none. */
  stop(): void {
    this.#end = this.#next;
  }
}
