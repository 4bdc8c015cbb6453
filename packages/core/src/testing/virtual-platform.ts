import type { Platform } from '../ports/platform.js';
import { StatefulFunctionsError } from '../sdk/errors.js';
import { HostTurns } from './host-turns.js';
import { SeededRandom } from './seeded-random.js';
import { SimulatedDisk } from './simulated-disk.js';
import { VirtualClock } from './virtual-clock.js';
import { VirtualScheduler } from './virtual-scheduler.js';

export interface VirtualPlatformOptions {
  /** Determines everything that is random: the same seed gives the same run. */
  readonly seed?: number;
  /** What the wall clock shows at first, in milliseconds since the Unix epoch. */
  readonly startMs?: number;
  /** A disk that outlives the platform: give it to the next one to start again after a crash. */
  readonly files?: SimulatedDisk;
}

/** How many callbacks may follow each other without time passing before the run is taken to be stuck in a loop. */
const maxTurns = 1_000_000;

/**
 * A machine whose time stands still until a test lets it pass, for code that takes its time, randomness and files from ports.
 *
 * Callbacks run one by one, and after each every promise that can settle does. So a run depends on the seed alone,
 * and hours pass in milliseconds.
 *
 * **Gotchas**
 * Only what goes through the platform is waited for: a promise of real I/O may still be open when `settle` resolves.
 * A callback that throws makes the `advance`, `settle` or `run` that ran it reject.
 */
export class VirtualPlatform implements Platform {
  readonly clock: VirtualClock;
  readonly scheduler: VirtualScheduler;
  readonly random: SeededRandom;
  readonly files: SimulatedDisk;
  readonly #turns = new HostTurns();
  #driven = false;

  constructor({ seed = 1, startMs = Date.UTC(2026, 0, 1), files }: VirtualPlatformOptions = {}) {
    this.clock = new VirtualClock(startMs);
    this.scheduler = new VirtualScheduler(this.clock);
    this.random = new SeededRandom(seed);
    const diskSeed = this.random.uint32();
    this.files = files ?? new SimulatedDisk({ seed: diskSeed });
  }

  /** Lets `ms` milliseconds pass, running all that comes due on the way. */
  advance(ms: number): Promise<void> {
    return this.#drive(async () => {
      const untilMs = this.clock.monotonic() + ms;
      await this.#drain();
      for (;;) {
        const dueMs = this.scheduler.nextDueMs;
        if (dueMs === undefined || dueMs > untilMs) break;
        await this.#passTo(dueMs);
      }
      await this.#passTo(untilMs);
    });
  }

  /** Lets time pass until the next timer is due, and runs it. @throws SF_BROKEN_INVARIANT when there is none. */
  advanceToNext(): Promise<void> {
    return this.#drive(async () => {
      const dueMs = this.scheduler.nextDueMs;
      if (dueMs === undefined) throw stuck('nothing is scheduled');
      await this.#passTo(dueMs);
    });
  }

  /** Runs deferred work, and timers that are due, until none is left. No time passes. */
  settle(): Promise<void> {
    return this.#drive(() => this.#drain());
  }

  /**
   * Runs until `promise` settles, letting time pass as needed, and gives its outcome.
   *
   * @throws SF_BROKEN_INVARIANT when nothing is left that could settle it.
   */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    await this.#drive(async () => {
      await this.#drain(() => settled);
      while (!settled) {
        const dueMs = this.scheduler.nextDueMs;
        if (dueMs === undefined) throw stuck('nothing is scheduled that could settle the promise');
        await this.#passTo(dueMs, () => settled);
      }
    });
    return promise;
  }

  async #passTo(monotonicMs: number, enough?: () => boolean): Promise<void> {
    this.clock.passTo(monotonicMs);
    await this.#drain(enough);
  }

  async #drain(enough: () => boolean = () => false): Promise<void> {
    await this.#turns.next();
    for (let turns = 0; !enough(); turns++) {
      const work = this.scheduler.takeDeferred() ?? this.scheduler.takeDue(this.clock.monotonic());
      if (work === undefined) return;
      if (turns === maxTurns) throw stuck(`${maxTurns} callbacks ran and time did not pass`);
      work();
      // A real turn comes only after every promise that can settle has.
      await this.#turns.next();
    }
  }

  /** One driver at a time: two would interleave by chance. */
  async #drive(steps: () => Promise<void>): Promise<void> {
    if (this.#driven) throw stuck('another advance, settle or run has not resolved yet; await it first');
    this.#driven = true;
    try {
      await steps();
    } finally {
      this.#driven = false;
    }
  }
}

function stuck(reason: string): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_BROKEN_INVARIANT', `The virtual platform is stuck: ${reason}.`);
}
