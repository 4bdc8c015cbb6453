/** A request that was let in: it counts until everybody who holds it has let go. */
export interface Admitted {
  hold(): void;
  release(): void;
}

/**
 * Bounds the memory of calls that are under way: their number, and the bytes of their bodies.
 *
 * A call counts from its first byte until it has come to its end *and* its response is closed: one whose caller went away is
 * still under way.
 */
export class Admission {
  readonly #mostCalls: number;
  readonly #mostBytes: number;
  #calls = 0;
  #bytes = 0;
  #waiting: (() => void)[] = [];

  constructor(mostCalls: number, mostBytes: number) {
    this.#mostCalls = mostCalls;
    this.#mostBytes = mostBytes;
  }

  get calls(): number {
    return this.#calls;
  }

  /** Lets a request in, held once; `undefined` if there is no room. */
  admit(bytes: number): Admitted | undefined {
    if (this.#calls >= this.#mostCalls || this.#bytes + bytes > this.#mostBytes) return undefined;
    this.#calls += 1;
    this.#bytes += bytes;
    let holders = 1;
    return {
      hold: () => {
        holders += 1;
      },
      release: () => {
        holders -= 1;
        if (holders === 0) this.#leave(bytes);
      },
    };
  }

  /** Resolves when no call is under way. */
  whenEmpty(): Promise<void> {
    if (this.#calls === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #leave(bytes: number): void {
    this.#calls -= 1;
    this.#bytes -= bytes;
    if (this.#calls > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
