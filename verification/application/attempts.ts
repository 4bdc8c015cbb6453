/** Where an attempt to handle a message was seen. */
export interface Sighting {
  /** The message, and its address. */
  readonly message: string;
  readonly attempt: number;
  readonly epoch: number;
  /** The last checkpoint that the worker had cut for by then, or that its epoch began with; 0 for none. */
  readonly checkpoint: number;
}

/**
 * Sees whether attempts to handle a message go on counting where a checkpoint left them, rather than from the first again.
 *
 * It lies outside of the application, as what it sees must not be rolled back. An attempt counts for good once a checkpoint is
 * committed that was cut after it began; which that was is known when the next epoch begins with it.
 */
export class Attempts {
  /** What was noticed, in words. */
  readonly violations: string[] = [];
  readonly #certain = new Map<string, number>();
  #seen: Sighting[] = [];
  #epoch = 0;

  /** An epoch begins, with a checkpoint or 0 for none: it is the last that the epoch before has committed. */
  begun(epoch: number, checkpoint: number): void {
    for (const { message, attempt, checkpoint: cut } of this.#seen) {
      if (cut < checkpoint) this.#certain.set(message, Math.max(attempt, this.#certain.get(message) ?? 0));
    }
    this.#seen = [];
    this.#epoch = epoch;
  }

  see(sighting: Sighting): void {
    const { message, attempt, epoch } = sighting;
    // What a worker of an epoch that is over still does counts for nothing.
    if (epoch !== this.#epoch) return;
    this.#seen.push(sighting);
    const certain = this.#certain.get(message) ?? 0;
    if (attempt < certain) this.violations.push(`attempt: ${message} is at its ${attempt}., after its ${certain}.`);
  }
}
