import type { Listening, Transport } from '../../ports/transport.js';
import { StatefulFunctionsError } from '../../sdk/errors.js';
import type { SeededRandom } from '../seeded-random.js';
import type { VirtualPlatform } from '../virtual-platform.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { Strikes } from './strikes.js';

/** What a network does to frames: probabilities, and milliseconds. */
export interface NetworkWeather {
  readonly loss: number;
  readonly repetition: number;
  readonly maxDelayMs: number;
  /** It says that nobody listens where somebody does. */
  readonly error: number;
}

interface Listener {
  readonly process: SimulatedProcess;
  readonly receive: (frame: Uint8Array) => void;
}

export const fairWeather: NetworkWeather = { loss: 0, repetition: 0, maxDelayMs: 2, error: 0 };

/** The network between the processes of a simulated cluster: loses, repeats, delays and reorders frames, and can be cut. */
export class SimulatedNetwork {
  weather = fairWeather;
  readonly maxFrameBytes = 64 * 1024;
  readonly #world: VirtualPlatform;
  readonly #random: SeededRandom;
  readonly #strikes: Strikes;
  readonly #listeners = new Map<string, Listener>();
  /** Cut ways, as `from>to` by names of processes. */
  readonly #cuts = new Map<string, number>();

  constructor(world: VirtualPlatform, random: SeededRandom, strikes: Strikes) {
    this.#world = world;
    this.#random = random;
    this.#strikes = strikes;
  }

  /** Cuts the way from one process to another, until `mend`. Cuts add up. */
  cut(from: string, to: string): void {
    const way = `${from}>${to}`;
    this.#cuts.set(way, (this.#cuts.get(way) ?? 0) + 1);
  }

  mend(from: string, to: string): void {
    const way = `${from}>${to}`;
    const left = (this.#cuts.get(way) ?? 0) - 1;
    if (left > 0) this.#cuts.set(way, left);
    else this.#cuts.delete(way);
  }

  transportOf(process: SimulatedProcess): Transport {
    return {
      maxFrameBytes: this.maxFrameBytes,
      listen: async (endpoint, receive) => this.#listen(process, endpoint, receive),
      send: (endpoint, frame) => this.#send(process, endpoint, frame),
      isDeserted: (endpoint) => this.#isDeserted(process, endpoint),
    };
  }

  /** Wrong now and then, as where a connection is lost for a moment. */
  #isDeserted(by: SimulatedProcess, endpoint: string): Promise<boolean> {
    return new Promise((resolve) => {
      this.#later(() => {
        const listener = this.#listeners.get(endpoint);
        const isDeserted = listener === undefined || listener.process.isDead;
        const isWrong = !isDeserted && this.#random.chance(this.weather.error);
        if (isWrong) this.#strikes.add('network said that nobody listens where somebody does');
        by.run(() => resolve(isDeserted || isWrong));
      });
    });
  }

  #listen(process: SimulatedProcess, endpoint: string, receive: (frame: Uint8Array) => void): Listening {
    const listener = { process, receive };
    this.#listeners.set(endpoint, listener);
    return {
      close: async () => {
        if (this.#listeners.get(endpoint) === listener) this.#listeners.delete(endpoint);
      },
    };
  }

  #send(from: SimulatedProcess, endpoint: string, frame: Uint8Array): void {
    if (frame.length > this.maxFrameBytes) {
      throw new StatefulFunctionsError(
        'SF_FRAME_TOO_LARGE',
        `a frame of ${frame.length} bytes was to be sent. Split it.`,
      );
    }
    const { loss, repetition } = this.weather;
    if (this.#random.chance(loss)) {
      this.#strikes.add('frame lost');
      return;
    }
    this.#carry(from, endpoint, frame);
    if (this.#random.chance(repetition)) {
      this.#strikes.add('frame repeated');
      this.#carry(from, endpoint, frame);
    }
  }

  #later(work: () => void): void {
    this.#world.scheduler.after(this.#random.below(this.weather.maxDelayMs * 4 + 1) / 4, work);
  }

  #carry(from: SimulatedProcess, endpoint: string, frame: Uint8Array): void {
    this.#later(() => {
      const listener = this.#listeners.get(endpoint);
      if (listener === undefined || listener.process.isDead) return;
      if (from !== listener.process && this.#cuts.has(`${from.name}>${listener.process.name}`)) {
        this.#strikes.add('frame lost in a partition');
        return;
      }
      listener.process.run(() => {
        // Another process may listen there by now.
        if (this.#listeners.get(endpoint) === listener) listener.receive(frame);
      });
    });
  }
}
