import type { Scheduled, Scheduler } from '../ports/scheduler.js';

// Taken once, so that a test library that replaces the globals with fake timers does not stop the runtime.
const { setImmediate, setTimeout, clearTimeout } = globalThis;
const now = performance.now.bind(performance);

/** The longest delay Node.js takes; it runs longer ones at once. */
const maxDelayMs = 2 ** 31 - 1;

/** The event loop of Node.js. */
export class NodeScheduler implements Scheduler {
  defer(work: () => void): void {
    setImmediate(work);
  }

  after(delayMs: number, work: () => void): Scheduled {
    const dueMs = now() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = (remainingMs: number) => {
      timer = setTimeout(fire, Math.min(Math.ceil(remainingMs), maxDelayMs));
    };
    // Timers of Node.js may fire up to a millisecond early, and long delays take several of them.
    const fire = () => {
      const remainingMs = dueMs - now();
      if (remainingMs > 0) arm(remainingMs);
      else work();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(timer) };
  }
}
