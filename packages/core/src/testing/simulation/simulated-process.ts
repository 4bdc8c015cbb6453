import type { Clock } from '../../ports/clock.js';
import type { FileSystem } from '../../ports/file-system.js';
import type { Platform } from '../../ports/platform.js';
import type { Scheduled, Scheduler } from '../../ports/scheduler.js';
import { SeededRandom } from '../seeded-random.js';
import { SimulatedDisk } from '../simulated-disk.js';
import type { VirtualPlatform } from '../virtual-platform.js';

const grainMs = 0.25;

/**
 * A process of a simulated cluster, as the platform of what runs in it. It shares time with all others, has a wall clock of its
 * own, and can be killed or stopped for a while between any two of its callbacks.
 */
export class SimulatedProcess implements Platform {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly files: FileSystem;
  readonly #world: VirtualPlatform;
  #state: 'running' | 'paused' | 'dead' = 'running';
  /** What came due while it was stopped. */
  #late: (() => void)[] = [];

  /** Timers and deferred callbacks that are neither cancelled nor over. */
  #callbacks = 0;
  /** When the last callback is due that was deferred. */
  #lastTurnMs = 0;
  readonly #isSlow: boolean;

  /**
   * @param wallOffset tells by how many milliseconds its wall clock is wrong.
   * @param isSlow whether each turn of its event loop takes some time, so that more comes in between.
   */
  constructor(
    readonly name: string,
    world: VirtualPlatform,
    seed: number,
    wallOffset: () => number,
    isSlow: boolean,
  ) {
    this.#isSlow = isSlow;
    this.#world = world;
    this.random = new SeededRandom(seed);
    this.files = new SimulatedDisk({ seed });
    const bornMs = world.clock.monotonic();
    this.clock = {
      now: () => world.clock.now() + wallOffset(),
      monotonic: () => world.clock.monotonic() - bornMs,
    };
    this.scheduler = {
      defer: (work) => this.#defer(work),
      after: (delayMs, work) => this.#after(delayMs, work),
    };
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  /** How many timers and deferred callbacks wait for their time. */
  get callbacks(): number {
    return this.#callbacks;
  }

  /** Runs something in it: at once, when it goes on, or never. */
  run(work: () => void): void {
    if (this.#state === 'running') work();
    else if (this.#state === 'paused') this.#late.push(work);
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** Goes on where it was, as if no time had passed; everything that came due meanwhile comes now. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    for (const work of this.#late.splice(0)) this.#world.scheduler.defer(() => this.run(work));
  }

  /** Ends it as `kill -9` does. */
  kill(): void {
    this.#state = 'dead';
    this.#late = [];
  }

  #defer(work: () => void): void {
    const { clock, scheduler } = this.#world;
    const nowMs = clock.monotonic();
    this.#lastTurnMs = Math.max(this.#lastTurnMs, nowMs) + (this.#isSlow ? this.random.below(3) * grainMs : 0);
    this.#callbacks += 1;
    const turn = () => {
      this.#callbacks -= 1;
      this.run(work);
    };
    if (this.#lastTurnMs > nowMs) scheduler.after(this.#lastTurnMs - nowMs, turn);
    else scheduler.defer(turn);
  }

  #after(delayMs: number, work: () => void): Scheduled {
    let isOver = false;
    const end = () => {
      if (!isOver) this.#callbacks -= 1;
      isOver = true;
    };
    this.#callbacks += 1;
    // Timers of real machines have a grain as well; without one, a rest of a rounding error never passes.
    const grains = Math.ceil(delayMs / grainMs) * grainMs;
    const timer = this.#world.scheduler.after(grains, () => {
      this.run(() => {
        if (isOver) return;
        end();
        work();
      });
    });
    return {
      cancel: () => {
        end();
        timer.cancel();
      },
    };
  }
}
