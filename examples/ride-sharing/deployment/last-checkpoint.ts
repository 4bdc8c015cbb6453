import type { CheckpointStatus } from '@stateful-functions/core';
import type { ApplicationFigures } from '../page/frame.js';

/** Remembers when the last checkpoint was seen to be committed. */
export class LastCheckpoint {
  #status: Pick<CheckpointStatus, 'index' | 'lastDurationMs'> = { index: 0, lastDurationMs: 0 };
  #atMs: number | undefined;

  /** Takes what an application says of its checkpoints. */
  see(status: CheckpointStatus): void {
    if (status.committed === 0 || status.index <= this.#status.index) return;
    this.#status = status;
    this.#atMs = performance.now();
  }

  get figures(): ApplicationFigures['checkpoint'] {
    const { index, lastDurationMs } = this.#status;
    const ageMs = this.#atMs === undefined ? undefined : performance.now() - this.#atMs;
    return { index, ageMs, durationMs: lastDurationMs };
  }
}
