import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Application,
  CallbackSink,
  type Client,
  type DeadLetter,
  MemorySource,
  type RunningApplication,
} from '@stateful-functions/core';
import type { ApplicationFigures } from '../page/frame.js';
import type { Tick } from '../simulator/simulator.js';
import type { DriverReport, Pickup } from '../src/driver.js';
import type { Notice, RideRequest } from '../src/passenger.js';
import { RideSharingModule } from '../src/ride-sharing.module.js';
import type { Audience, Deployment } from './deployment.js';
import { LastCheckpoint } from './last-checkpoint.js';
import { Rate } from './rate.js';

/** The application in this very process, with checkpoints in a folder that goes with it: the people of the city do, too. */
export class EmbeddedDeployment implements Deployment {
  readonly failed: Promise<never>;
  readonly deadLetters: DeadLetter[];
  readonly #app: RunningApplication;
  readonly #folder: string;
  readonly #requests: MemorySource<RideRequest>;
  readonly #reports: MemorySource<DriverReport>;
  readonly #rate = new Rate();
  readonly #lastCheckpoint = new LastCheckpoint();

  private constructor(
    app: RunningApplication,
    folder: string,
    requests: MemorySource<RideRequest>,
    reports: MemorySource<DriverReport>,
    deadLetters: DeadLetter[],
  ) {
    this.#app = app;
    this.#folder = folder;
    this.#requests = requests;
    this.#reports = reports;
    this.deadLetters = deadLetters;
    this.failed = app.finished.then(() => new Promise<never>(() => {}));
    this.failed.catch(() => undefined); // Whoever races with it sees the failure.
  }

  static async start(audience: Audience): Promise<EmbeddedDeployment> {
    const folder = await mkdtemp(join(tmpdir(), 'ride-sharing-'));
    const requests = new MemorySource<RideRequest>();
    const reports = new MemorySource<DriverReport>();
    const deadLetters: DeadLetter[] = [];
    const module = new RideSharingModule({
      requests,
      reports: { all: reports },
      notices: new CallbackSink<Notice>((notice) => audience.notice(notice)),
      pickups: new CallbackSink<Pickup>((pickup) => audience.pickup(pickup)),
      deadLetters: new CallbackSink<DeadLetter>((letter) => void deadLetters.push(letter)),
    });
    const checkpoints = { directory: folder, interval: '250ms' } as const;
    const app = await Application.from(module).start({ checkpoints, handleSignals: false });
    return new EmbeddedDeployment(app, folder, requests, reports, deadLetters);
  }

  get client(): Client {
    return this.#app.client;
  }

  async feed({ requests, reports }: Tick): Promise<void> {
    this.#requests.push(...requests);
    this.#reports.push(...reports);
  }

  async figures(): Promise<ApplicationFigures> {
    const { checkpoint, invocations } = this.#app.status;
    this.#lastCheckpoint.see(checkpoint);
    return {
      isRunning: this.#app.isReady,
      messagesPerSecond: this.#rate.of([['all', invocations]], performance.now()),
      checkpoint: this.#lastCheckpoint.figures,
      nodes: [],
    };
  }

  /** There is only this process. */
  kill(): boolean {
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
