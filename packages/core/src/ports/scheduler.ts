/** A callback that is waiting to run; `cancel` is idempotent and does nothing once it has run. */
export interface Scheduled {
  cancel(): void;
}

/**
 * When work runs. Every macrotask of the runtime goes through this port.
 *
 * Callbacks must not throw: a thrown error is the host's to report (in Node.js, an uncaught exception).
 */
export interface Scheduler {
  /** Runs `work` in a later turn of the event loop, after I/O that is already waiting. FIFO. */
  defer(work: () => void): void;
  /** Runs `work` once, no sooner than `delayMs` milliseconds from now. */
  after(delayMs: number, work: () => void): Scheduled;
}

/** Resolves in a later turn of the event loop: what a long loop awaits between slices. */
export function nextTurn(scheduler: Scheduler): Promise<void> {
  return new Promise((resolve) => scheduler.defer(resolve));
}
