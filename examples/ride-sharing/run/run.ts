import { setTimeout as pause } from 'node:timers/promises';
import type { Audience, Deployment } from '../deployment/deployment.js';
import type { ApplicationFigures, Frame } from '../page/frame.js';
import { inspect } from '../simulator/inspection.js';
import { Simulator, type SimulatorOptions, tickMs } from '../simulator/simulator.js';
import { encodeFrame } from './frame-encoding.js';

/** A deployment, given who hears what comes out of it; `undefined` where what it needs is absent. */
export type StartDeployment = (audience: Audience) => Promise<Deployment | undefined>;

/** How long what is under way at the end may take to settle. */
const settleMs = 60_000;
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
  readonly #pace: number;
  readonly #watching: Promise<void>;
  #isDisposed = false;
  #figures = idle;
  #verdict: readonly string[] | undefined;

  private constructor(simulator: Simulator, deployment: Deployment, pace: number) {
    this.simulator = simulator;
    this.#pace = pace;
    this.#deployment = deployment;
    this.#watching = this.#watch();
  }

  /** @param pace how many times faster than it should time goes by in the city */
  static async start(options: SimulatorOptions, startDeployment: StartDeployment, pace = 1): Promise<Run | undefined> {
    const simulator = new Simulator(options);
    const deployment = await startDeployment(simulator);
    return deployment && new Run(simulator, deployment, pace);
  }

  /** The city as it is now. */
  get frame(): Frame {
    return encodeFrame(this.simulator, this.#figures, this.#verdict);
  }

  /** Lets the city live until every passenger has come and every ride is over, or until it is told to stop. */
  async live(stop?: AbortSignal): Promise<void> {
    await Promise.race([this.#tickOn(stop), this.#deployment.failed]);
  }

  /** Everything that is wrong, once the city has come to rest. */
  async check(): Promise<readonly string[]> {
    const { simulator } = this;
    const { deadLetters, client } = this.#deployment;
    const untilMs = Date.now() + settleMs;
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
    let nextMs = performance.now();
    while (!hasEnded() && !this.simulator.isOver) {
      await this.#deployment.feed(this.simulator.tick());
      // Where a tick takes longer than it should, time in the city goes slower.
      nextMs = Math.max(nextMs + tickMs / this.#pace, performance.now());
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
