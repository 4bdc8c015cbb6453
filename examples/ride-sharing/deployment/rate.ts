/** How fast figures grow that may begin anew at 0: a process that is started again counts from there. */
export class Rate {
  readonly #last = new Map<string, number>();
  #lastMs: number | undefined;
  #perSecond = 0;

  /** Takes a figure for each name, at a time; tells what they grew together, a second. */
  of(figures: Iterable<readonly [name: string, figure: number]>, nowMs: number): number {
    const sinceMs = nowMs - (this.#lastMs ?? nowMs);
    let growth = 0;
    for (const [name, figure] of figures) {
      const last = this.#last.get(name) ?? 0;
      growth += figure >= last ? figure - last : figure;
      this.#last.set(name, figure);
    }
    this.#lastMs = nowMs;
    // Smoothed over a few seconds, so that people can read it.
    if (sinceMs > 0) {
      const weight = 1 - Math.exp(-sinceMs / 2_000);
      this.#perSecond += weight * ((growth * 1_000) / sinceMs - this.#perSecond);
    }
    return this.#perSecond;
  }
}
