/**
 * Lets one thing at a time drive a virtual platform: each begins when those before it have ended, whatever came of them.
 *
 * So a test may start several calls at once, as a program would.
 */
export class Drive {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(steps: () => Promise<T>): Promise<T> {
    const result = this.#last.then(steps);
    this.#last = result.catch(() => undefined); // Whoever asked for it is told.
    return result;
  }
}
