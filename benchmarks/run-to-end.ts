import { Application, type ApplicationStatus, type StatefulFunctionModule } from '@stateful-functions/core';
import { inDirectory } from './in-directory.js';

export interface EndedRun {
  /** Of the application when it had come to its end. */
  readonly status: ApplicationStatus;
  /** From its start until its ingresses were drained, all was committed, and all that goes out was published. */
  readonly seconds: number;
}

/** Runs an application whose ingresses end, with checkpoints to a directory of its own. */
export function runToEnd(
  module: StatefulFunctionModule,
  { intervalMs = 250, maxActiveAddresses = 1_000_000 }: { intervalMs?: number; maxActiveAddresses?: number } = {},
): Promise<EndedRun> {
  return inDirectory(async (directory) => {
    const startMs = performance.now();
    const app = await Application.from(module).start({
      checkpoints: { directory, interval: intervalMs },
      maxActiveAddresses,
      handleSignals: false,
    });
    await app.finished;
    const seconds = (performance.now() - startMs) / 1_000;
    const { status } = app;
    // A figure counts only if everything happened that it stands for; how much that is, each case knows.
    if (status.failures > 0 || status.deadLetters > 0)
      throw new Error(`${status.failures} failures, ${status.deadLetters} dead letters`);
    if (status.checkpoint.committed === 0) throw new Error('no checkpoint was committed');
    return { status, seconds };
  });
}
