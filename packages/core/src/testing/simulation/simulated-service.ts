import { StatefulFunctionsError } from '../../sdk/errors.js';
import type { SeededRandom } from '../seeded-random.js';
import type { VirtualPlatform } from '../virtual-platform.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { Strikes } from './strikes.js';

/** How a service behaves that processes call over the network: probabilities, and milliseconds. */
export interface ServiceWeather {
  readonly maxDelayMs: number;
  /** A call fails and has done nothing. */
  readonly failure: number;
  /** A call fails, and has been carried out. */
  readonly lostAnswer: number;
  /** A call is carried out twice, as clients do that try again by themselves; the second answer is what the caller gets. */
  readonly secondTry: number;
}

export const goodService: ServiceWeather = { maxDelayMs: 3, failure: 0, lostAnswer: 0, secondTry: 0 };

/**
 * Carries calls to something that outlives processes. A call under way when its process dies is carried out or not; its answer
 * reaches nobody.
 */
export class SimulatedService {
  weather = goodService;
  /** Kills a process when it makes so many more calls: before the call is carried out, or after. */
  readonly doom = new Map<SimulatedProcess, { calls: number; readonly after: boolean; readonly kill: () => void }>();

  constructor(
    readonly name: string,
    readonly world: VirtualPlatform,
    readonly random: SeededRandom,
    readonly strikes: Strikes,
  ) {}

  call<T>(process: SimulatedProcess, work: () => Promise<T>): Promise<T> {
    const { failure, lostAnswer, secondTry } = this.weather;
    const doomed = this.#isDoomed(process);
    return new Promise((resolve, reject) => {
      const fail = () => {
        process.run(() =>
          reject(new StatefulFunctionsError('SF_STORAGE', `the simulated ${this.name} did not answer`)),
        );
      };
      this.#later(() => {
        if (doomed?.after === false) {
          doomed.kill();
          return;
        }
        if (this.random.chance(failure)) {
          this.strikes.add(`${this.name} failed`);
          this.#later(fail);
          return;
        }
        const isTwice = this.random.chance(secondTry);
        const isLost = this.random.chance(lostAnswer);
        const done = isTwice ? work().then(work) : work();
        if (isTwice) this.strikes.add(`${this.name} was called twice`);
        done.then(
          (value) => {
            doomed?.kill();
            if (isLost) this.strikes.add(`${this.name} lost an answer`);
            this.#later(isLost ? fail : () => process.run(() => resolve(value)));
          },
          (error: unknown) => this.#later(() => process.run(() => reject(error as Error))),
        );
      });
    });
  }

  #isDoomed(process: SimulatedProcess): { readonly after: boolean; readonly kill: () => void } | undefined {
    const doom = this.doom.get(process);
    if (doom === undefined) return undefined;
    doom.calls -= 1;
    if (doom.calls > 0) return undefined;
    this.doom.delete(process);
    return doom;
  }

  #later(work: () => void): void {
    this.world.scheduler.after(this.random.below(this.weather.maxDelayMs * 4 + 1) / 4, work);
  }
}
