import { MemoryBlobStore, type Scheduler } from '@stateful-functions/core';
import type { Random } from '../workload/random.js';

/** A store that takes its time, so that a crash finds puts that were not carried out, or were and nobody has been told. */
export class SlowStore extends MemoryBlobStore {
  /** @param scheduler gives nothing as long as nobody lets time pass. */
  constructor(
    readonly random: Random,
    readonly scheduler: () => Scheduler | undefined,
  ) {
    super();
  }

  override async put(...blob: Parameters<MemoryBlobStore['put']>): Promise<boolean> {
    await this.#pass();
    const isNew = await super.put(...blob);
    await this.#pass();
    return isNew;
  }

  #pass(): Promise<void> {
    const scheduler = this.scheduler();
    if (scheduler === undefined) return Promise.resolve();
    return new Promise((resolve) => void scheduler.after(this.random.between(0, 3), resolve));
  }
}
