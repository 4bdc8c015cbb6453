import { Application } from '../application/application.js';
import type { Client } from '../application/client.js';
import type { ModuleSource } from '../application/module-loader.js';
import type { CheckpointOptions, StartOptions } from '../application/options.js';
import type { RunningApplication } from '../application/running-application.js';
import { MemoryBlobStore } from '../blob/memory-blob-store.js';
import { silentLogger } from '../ports/logger.js';
import type { Scheduler } from '../ports/scheduler.js';
import type { AnyAddress } from '../sdk/address.js';
import type { DeadLetter } from '../sdk/dead-letter.js';
import { type Duration, durationMs } from '../sdk/duration.js';
import type { Egress } from '../sdk/egress.js';
import { asError, StatefulFunctionsError } from '../sdk/errors.js';
import type { Ingress } from '../sdk/ingress.js';
import { Drive } from './drive.js';
import { SeededRandom } from './seeded-random.js';
import { TestClient } from './test-client.js';
import { TestConnectors } from './test-connectors.js';
import { VirtualPlatform } from './virtual-platform.js';

export interface TestApplicationOptions
  extends Omit<StartOptions, 'checkpoints' | 'platform' | 'handleSignals' | 'workers'> {
  readonly modules: readonly ModuleSource[];
  /** As for a real application; the store is one in memory unless another is given. */
  readonly checkpoints?: Omit<CheckpointOptions, 'directory'>;
  /** Determines all that is random; 1 by default. */
  readonly seed?: number;
  /** What the clock shows at first, in milliseconds since the Unix epoch. */
  readonly startMs?: number;
}

/**
 * A whole application in memory, the real one, with virtual time: nothing happens and no time passes unless the test says so.
 *
 * ```ts
 * await using app = await TestApplication.start({ modules: [GreetingModule] });
 * app.push(greetings, { userId: '7', name: 'Ada' });
 * await app.checkpoint();
 * expect(app.egress(emails)).to.deep.equal([{ to: 'Ada', text: 'Welcome!' }]);
 * ```
 *
 * **Details**
 * The sources and sinks that its modules bind are replaced by ones in memory, which outlive a crash as the outside world does;
 * and so does the blob store, which holds whatever is durable. Logs go nowhere unless a logger is given.
 *
 * **Gotchas**
 * A promise of real I/O that a handler awaits is not waited for by `settle` and `advance`: give functions services in memory,
 * and those that wait the application's `scheduler`.
 */
export class TestApplication implements AsyncDisposable {
  /** Talks to functions from outside. Each call runs the application until it is answered. */
  readonly client: TestClient;
  /** Virtual time, for services that let handlers wait. Stays the same across restarts; what waited at a crash waits forever. */
  readonly scheduler: Scheduler;
  readonly #connectors = new TestConnectors();
  readonly #random: SeededRandom;
  readonly #drive = new Drive();
  #options: TestApplicationOptions;
  #platform: VirtualPlatform;
  #running: RunningApplication | undefined;
  #failure: Error | undefined;

  private constructor(options: TestApplicationOptions) {
    const { seed = 1, startMs, checkpoints } = options;
    this.#options = { ...options, checkpoints: { ...checkpoints, store: checkpoints?.store ?? new MemoryBlobStore() } };
    this.#random = new SeededRandom(seed);
    this.#platform = new VirtualPlatform({
      seed: this.#random.uint32(),
      ...(startMs === undefined ? {} : { startMs }),
    });
    this.scheduler = {
      defer: (work) => this.#platform.scheduler.defer(work),
      after: (delayMs, work) => this.#platform.scheduler.after(delayMs, work),
    };
    this.client = new TestClient((call) => this.#run(() => call(this.#client)));
  }

  /** @throws what a real application throws when it cannot start */
  static async start(options: TestApplicationOptions): Promise<TestApplication> {
    const app = new TestApplication(options);
    await app.#drive.run(() => app.#start());
    return app;
  }

  /** What the clock shows, in milliseconds since the Unix epoch. */
  get now(): number {
    return this.#platform.clock.now();
  }

  /** Adds records to an ingress; they are read when the application next runs. @throws SF_UNBOUND_INGRESS */
  push<T>(ingress: Ingress<T>, ...values: NoInfer<T>[]): void {
    this.#connectors.sourceOf(ingress).push(...values);
  }

  /** What has come out of an egress: records of committed checkpoints, oldest first. @throws SF_UNBOUND_EGRESS */
  egress<T>(egress: Egress<T>): T[] {
    return this.#connectors.sinkOf(egress).values;
  }

  /** Messages and records that could not be handled, of committed checkpoints, oldest first. */
  get deadLetters(): DeadLetter[] {
    return this.#connectors.deadLetters;
  }

  /**
   * The persisted fields of a function by property, as its next handler would find them: maps as `Map`, lists as arrays. An
   * address without state shows its initial values.
   */
  state(address: AnyAddress): Promise<Record<string, unknown>> {
    return this.#run(() => this.#live.stateOf(address));
  }

  /** Runs until there is nothing left to do now. No time passes. @throws what the application failed with */
  settle(): Promise<void> {
    return this.#drive.run(async () => {
      await this.#platform.settle();
      this.#check();
    });
  }

  /** Lets time pass, and all happen that comes due in it. @throws what the application failed with */
  advance(duration: Duration): Promise<void> {
    return this.#drive.run(async () => {
      await this.#platform.advance(durationMs(duration));
      this.#check();
    });
  }

  /** Handles all there is to handle now, takes a checkpoint, and publishes what it holds. */
  checkpoint(): Promise<void> {
    return this.#drive.run(async () => {
      await this.#platform.settle();
      this.#check();
      await this.#platform.run(this.#live.checkpoint());
      await this.#platform.settle();
      this.#check();
    });
  }

  /** Takes a checkpoint that stays under a name, for `restart({ fromSavepoint })`. @throws SF_SAVEPOINT_EXISTS */
  savepoint(name: string): Promise<void> {
    return this.#run(() => this.#live.savepoint(name));
  }

  /** Ends the application as `kill -9` does: what is not durable is gone. Calls of the client that wait are rejected. */
  crash(): Promise<void> {
    return this.#drive.run(async () => {
      this.#running?.abandon();
      this.#leave();
    });
  }

  /** Starts again from what is durable; stops first if it runs. Options given here replace the former ones. */
  restart(changes: Partial<TestApplicationOptions> = {}): Promise<void> {
    return this.#drive.run(async () => {
      await this.#stop();
      const { fromSavepoint: _, checkpoints, ...kept } = this.#options;
      this.#options = { ...kept, ...changes, checkpoints: { ...checkpoints, ...changes.checkpoints } };
      await this.#start();
    });
  }

  /** Stops with a final checkpoint. @throws what the application failed with, unless a test has been told before */
  stop(): Promise<void> {
    return this.#drive.run(() => this.#stop());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<void> {
    const { modules, seed, startMs, ...options } = this.#options;
    const module = await this.#connectors.moduleOf(modules);
    const platform = this.#platform;
    const start = Application.from(module).start({ logger: silentLogger, ...options, platform, handleSignals: false });
    const running = await platform.run(start);
    this.#running = running;
    running.finished.catch((error: unknown) => {
      if (this.#running === running) this.#failure = asError(error);
    });
  }

  async #stop(): Promise<void> {
    if (this.#running === undefined) return;
    await this.#platform.run(this.#running.stop());
    await this.#platform.settle();
    this.#leave();
    this.#check();
  }

  /** Leaves the machine as it is, never to run again; time goes on where it stood on the next. */
  #leave(): void {
    this.#running = undefined;
    const { clock, files } = this.#platform;
    files.crash();
    this.#platform = new VirtualPlatform({ seed: this.#random.uint32(), startMs: clock.now(), files });
  }

  /** Runs the application until what `work` starts has ended. */
  #run<T>(work: () => Promise<T>): Promise<T> {
    return this.#drive.run(() => this.#platform.run(work()));
  }

  get #live(): RunningApplication {
    if (this.#running !== undefined) return this.#running;
    throw new StatefulFunctionsError('SF_STOPPED', 'the application under test does not run. Await restart() first.');
  }

  get #client(): Client {
    return this.#live.client;
  }

  /** Tells a failure of the application once. */
  #check(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }
}
