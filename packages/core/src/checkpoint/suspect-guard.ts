import type { ManifestLog } from './manifest-log.js';

/** A message is condemned when the process ended at it so many times in a row. */
const strikes = 3;

/**
 * Finds the message that ends the process.
 *
 * Once a manifest has been recovered from several times, each message is recorded in the log before it is handled, one at a
 * time. The one at which the process ended again and again goes to the dead letters. A single end proves nothing: the process
 * may have been killed from outside while something innocent ran.
 */
export class SuspectGuard {
  readonly #log: ManifestLog;
  readonly #culprit: string | undefined;

  /** @param suspects what was being handled at each end of the process, oldest first. */
  constructor(log: ManifestLog, suspects: readonly string[]) {
    this.#log = log;
    const last = suspects.slice(-strikes);
    const [first] = last;
    this.#culprit = last.length === strikes && last.every((id) => id === first) ? first : undefined;
  }

  async before(invocationId: string): Promise<'innocent' | 'condemned'> {
    if (invocationId === this.#culprit) return 'condemned';
    await this.#log.append({ kind: 'suspect', invocationId });
    return 'innocent';
  }
}
