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
  /** A call that would change something fails and has done nothing; others may succeed. */
  readonly writeFailure: number;
}

export const goodService: ServiceWeather = {
  maxDelayMs: 3,
  failure: 0,
  lostAnswer: 0,
  secondTry: 0,
  writeFailure: 0,
};

/** What a process asks a service for. */
export interface ServiceCall {
  readonly kind: 'read' | 'put' | 'remove';
  /** The blob, or the row. */
  readonly name: string;
}

/** Lies in wait for one call of a process. */
export interface Ambush {
  /** Whether this is the call. */
  readonly meets: (call: ServiceCall) => boolean;
  /** The call is on its way; tells for how many milliseconds longer than others. */
  readonly sent?: () => number;
  /** It is about to be carried out, unless the process is dead by then. */
  readonly arrived?: () => void;
  /** It has been carried out, and its answer is on its way. */
  readonly done?: () => void;
}

/** Which way between a machine and a service is cut: of the calls, of the answers, or both. */
export type CutWay = 'calls' | 'answers' | 'both';

/** How long a caller waits for an answer that does not come. */
const timeoutMs = 250;

/**
 * Carries calls to something that outlives processes. A call under way when its process dies is carried out or not; its answer
 * reaches nobody.
 */
export class SimulatedService {
  weather = goodService;
  readonly ambushes = new Map<SimulatedProcess, Ambush>();
  /** By machine. */
  readonly #cuts = new Map<string, CutWay>();

  constructor(
    readonly name: string,
    readonly world: VirtualPlatform,
    readonly random: SeededRandom,
    readonly strikes: Strikes,
  ) {}

  /** Cuts a machine off, until `mend`. */
  cut(machine: string, way: CutWay): void {
    this.#cuts.set(machine, way);
  }

  mend(machine: string): void {
    this.#cuts.delete(machine);
  }

  call<T>(process: SimulatedProcess, what: ServiceCall, work: () => Promise<T>): Promise<T> {
    const { failure, lostAnswer, secondTry, writeFailure } = this.weather;
    const ambush = this.#ambushOn(process, what);
    return new Promise((resolve, reject) => {
      const fail = () => {
        process.run(() =>
          reject(new StatefulFunctionsError('SF_STORAGE', `the simulated ${this.name} did not answer`)),
        );
      };
      if (this.#isCut(process, 'calls')) {
        this.strikes.add(`${this.name}: a call did not get through`);
        this.world.scheduler.after(timeoutMs, fail);
        return;
      }
      this.#later(() => {
        ambush?.arrived?.();
        if (ambush?.arrived !== undefined && process.isDead) return;
        if (this.random.chance(failure) || (what.kind !== 'read' && this.random.chance(writeFailure))) {
          this.strikes.add(`${this.name} failed`);
          this.#later(fail);
          return;
        }
        const isTwice = this.random.chance(secondTry);
        const isLost = this.random.chance(lostAnswer);
        const done = isTwice ? work().then(work) : work();
        if (isTwice) this.strikes.add(`${this.name} was called twice`);
        const settled = (settle: () => void) => {
          ambush?.done?.();
          const isCut = this.#isCut(process, 'answers');
          if (isLost) this.strikes.add(`${this.name} lost an answer`);
          if (isCut) this.strikes.add(`${this.name}: an answer did not get through`);
          if (isCut) this.world.scheduler.after(timeoutMs, fail);
          else this.#later(isLost ? fail : () => process.run(settle));
        };
        done.then(
          (value) => settled(() => resolve(value)),
          (error: unknown) => settled(() => reject(error as Error)),
        );
      }, ambush?.sent?.() ?? 0);
    });
  }

  #isCut({ name }: SimulatedProcess, way: CutWay): boolean {
    const cut = this.#cuts.get(name);
    return cut === way || cut === 'both';
  }

  #ambushOn(process: SimulatedProcess, call: ServiceCall): Ambush | undefined {
    const ambush = this.ambushes.get(process);
    if (ambush?.meets(call) !== true) return undefined;
    this.ambushes.delete(process);
    return ambush;
  }

  #later(work: () => void, moreMs = 0): void {
    this.world.scheduler.after(moreMs + this.random.below(this.weather.maxDelayMs * 4 + 1) / 4, work);
  }
}
