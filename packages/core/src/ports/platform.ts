import type { Clock } from './clock.js';
import type { FileSystem } from './file-system.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';

/** The machine under the runtime. The real one is Node.js; the testing kit has one with virtual time and a simulated disk. */
export interface Platform {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly files: FileSystem;
  /** Starts to measure how late the event loop is. Absent where time is virtual, and nothing is ever late. */
  readonly measureEventLoop?: () => EventLoopDelay;
}

/** How late the event loop is. */
export interface EventLoopDelay {
  /** Since the last call. */
  take(): { readonly medianMs: number; readonly p99Ms: number; readonly mostMs: number };
  stop(): void;
}
