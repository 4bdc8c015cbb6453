import { MemorySink, MemorySource } from '@stateful-functions/core';
import { TestApplication } from '@stateful-functions/core/testing';
import { inspect } from '../simulator/inspection.js';
import { Simulator, type SimulatorOptions, tickMs } from '../simulator/simulator.js';
import { pickups, reports } from '../src/driver.js';
import { notices, requests } from '../src/passenger.js';
import { RideSharingModule } from '../src/ride-sharing.module.js';

/** A city in virtual time, the real application behind it. */
export class CityUnderTest implements AsyncDisposable {
  readonly simulator: Simulator;
  readonly app: TestApplication;
  readonly #shown = { notices: 0, pickups: 0 };

  private constructor(simulator: Simulator, app: TestApplication) {
    this.simulator = simulator;
    this.app = app;
  }

  static async start(options: SimulatorOptions): Promise<CityUnderTest> {
    const module = new RideSharingModule({
      requests: new MemorySource(),
      reports: { 0: new MemorySource() },
      notices: new MemorySink(),
      pickups: new MemorySink(),
      deadLetters: new MemorySink(),
    });
    const { seed } = options;
    const app = await TestApplication.start({ modules: [module], seed, checkpoints: { interval: '300ms' } });
    return new CityUnderTest(new Simulator(options), app);
  }

  /** Lets a tick pass in the city. */
  async tick(): Promise<void> {
    const { app, simulator } = this;
    const { requests: asked, reports: told } = simulator.tick();
    app.push(requests, ...asked);
    app.push(reports, ...told);
    await app.advance(tickMs);
    const [allPickups, allNotices] = [app.egress(pickups), app.egress(notices)];
    for (const pickup of allPickups.slice(this.#shown.pickups)) simulator.pickup(pickup);
    for (const notice of allNotices.slice(this.#shown.notices)) simulator.notice(notice);
    this.#shown.pickups = allPickups.length;
    this.#shown.notices = allNotices.length;
  }

  /** Everything that is wrong at the end. */
  async check(): Promise<string[]> {
    const { app, simulator } = this;
    await app.checkpoint();
    const letters = app.deadLetters.map(({ error }) => `a dead letter: ${JSON.stringify(error)}`);
    // One tick more than the checkpoint, so that what it published is seen.
    await this.tick();
    return [...simulator.witness.conclude(), ...letters, ...(await inspect(app.client, simulator.drivers))];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.app.stop();
  }
}
