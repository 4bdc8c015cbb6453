/** What is to be done at the end, in the reverse order of its beginning. */
export class Teardown implements AsyncDisposable {
  readonly #steps: (() => PromiseLike<unknown>)[] = [];

  use<T extends AsyncDisposable>(resource: T): T {
    this.#steps.push(() => resource[Symbol.asyncDispose]());
    return resource;
  }

  defer(step: () => PromiseLike<unknown>): void {
    this.#steps.push(step);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step();
  }
}
