import { setTimeout as pause } from 'node:timers/promises';
import type { Audience, Deployment } from '../deployment/deployment.js';
import type { ApplicationFigures, Frame } from '../page/frame.js';
import { inspect } from '../simulator/inspection.js';
import { Simulator, type SimulatorOptions, tickMs } from '../simulator/simulator.js';
import { encodeFrame } from './frame-encoding.js';

/** A deployment, given who hears what comes out of it; `undefined` where what it needs is absent. */
export type StartDeployment = (audience: Audience) => Promise<Deployment | undefined>;

export interface RunOptions {
  /** How many times faster than it should time goes by in the city; 1 by default. */
  readonly pace?: number;
  /** So long without any ride that comes to its end is taken for a standstill; 60 s by default. */
  readonly patienceMs?: number;
}

const idle: ApplicationFigures = {
  isRunning: false,
  messagesPerSecond: 0,
  checkpoint: { index: 0, ageMs: undefined, durationMs: 0 },
  nodes: [],
};

/** A city that lives on a deployment, tick by tick, and is checked at its end. */
export class Run implements AsyncDisposable {
  readonly simulator: Simulator;
  readonly #deployment: Deployment;
  readonly #options: Required<RunOptions>;
  readonly #watching: Promise<void>;
  #isDisposed = false;
  #figures = idle;
  #verdict: readonly string[] | undefined;

  private constructor(simulator: Simulator, deployment: Deployment, { pace = 1, patienceMs = 60_000 }: RunOptions) {
    this.simulator = simulator;
    this.#options = { pace, patienceMs };
    this.#deployment = deployment;
    this.#watching = this.#watch();
  }

  static async start(
    city: SimulatorOptions,
    startDeployment: StartDeployment,
    options: RunOptions = {},
  ): Promise<Run | undefined> {
    const simulator = new Simulator(city);
    const deployment = await startDeployment(simulator);
    return deployment && new Run(simulator, deployment, options);
  }

  /** The city as it is now. */
  get frame(): Frame {
    return encodeFrame(this.simulator, this.#figures, this.#verdict);
  }

  /**
   * Lets the city live until every passenger has come and every ride is over, or nothing comes to an end any more, which the check
   * will tell; or until it is told to stop.
   */
  async live(stop?: AbortSignal): Promise<void> {
    await Promise.race([this.#tickOn(stop), this.#deployment.failed]);
  }

  /** Everything that is wrong, once the city has come to rest. */
  async check(): Promise<readonly string[]> {
    const { simulator } = this;
    const { deadLetters, client } = this.#deployment;
    const untilMs = Date.now() + this.#options.patienceMs;
    let differences = await inspect(client, simulator.drivers);
    // What drivers told last may still be on its way.
    while (differences.length > 0 && Date.now() < untilMs) differences = await inspect(client, simulator.drivers);
    const letters = deadLetters.map((letter) => `a dead letter: ${JSON.stringify(letter)}`);
    this.#verdict = [...simulator.witness.conclude(), ...letters, ...differences];
    return this.#verdict;
  }

  /** Kills a node. `false` where there is none that runs. */
  kill(node: string): boolean {
    return this.#deployment.kill(node);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#watching;
    await this.#deployment[Symbol.asyncDispose]();
  }

  async #tickOn(stop: AbortSignal | undefined): Promise<void> {
    const hasEnded = () => this.#isDisposed || stop?.aborted === true;
    while (!hasEnded() && !this.#figures.isRunning) await pause(50);
    const { pace, patienceMs } = this.#options;
    const { witness } = this.simulator;
    let nextMs = performance.now();
    let over = 0;
    let giveUpMs = nextMs + patienceMs;
    while (!hasEnded() && !this.simulator.isOver && nextMs < giveUpMs) {
      await this.#deployment.feed(this.simulator.tick());
      // Where a tick takes longer than it should, time in the city goes slower.
      nextMs = Math.max(nextMs + tickMs / pace, performance.now());
      if (witness.ended + witness.failed > over) giveUpMs = nextMs + patienceMs;
      over = witness.ended + witness.failed;
      await pause(nextMs - performance.now());
    }
  }

  async #watch(): Promise<void> {
    while (!this.#isDisposed) {
      this.#figures = await this.#deployment.figures();
      await pause(250);
    }
  }
}
