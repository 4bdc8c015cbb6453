import { Application, type Logger, type RunningApplication, silentLogger } from '@stateful-functions/core';
import { SimulatedDisk, VirtualPlatform } from '@stateful-functions/core/testing';
import { Random } from '@stateful-functions/verification';
import { ChaosModule, filesOf } from '../application/chaos.module.js';
import { Node, type Report } from '../application/node.js';
import { judge, type Verdict } from '../workload/verdict.js';
import { Witness } from '../workload/witness.js';
import { Workload } from '../workload/workload.js';

export interface OutageOptions {
  /** How often the power is cut. */
  readonly cuts: number;
  readonly seed: number;
}

/** What an application went through, and what it came to. */
export interface OutageResult extends Verdict {
  readonly cuts: number;
  /** Cuts before the application had recovered and opened. */
  readonly cutsInRecovery: number;
  /** Cuts at which the application saw failing operations rather than none at all. */
  readonly cutsSeen: number;
  readonly checkpoints: number;
  readonly compactions: number;
  readonly commands: number;
}

const directory = '/chaos';
const nodes = 12;
const files = filesOf(directory);
/** See the kills of a real process: one more, and an innocent message would be taken for the cause. */
const mostBarren = 4;
const stepMs = 2;
/** Hours of virtual time that a life may take to come to its end. */
const patienceMs = 600_000;

/**
 * Runs the application on a simulated disk, cuts its power at random operations, and starts it again on what the disk kept.
 *
 * Everything depends on the seed alone, so a failure comes again with it.
 */
export async function outage({ cuts, seed }: OutageOptions): Promise<OutageResult> {
  const town = new Town(seed);
  await town.found();
  let barren = 0;
  while (town.cuts < cuts) {
    const committed = await town.live(barren >= mostBarren);
    barren = committed ? 0 : barren + 1;
  }
  return town.conclude();
}

/** What outlives each life: the disk, and what was asked for. */
class Town {
  cuts = 0;
  readonly #seed: number;
  readonly #random: Random;
  readonly #workload: Workload;
  readonly #disk: SimulatedDisk;
  readonly #witness = new Witness();
  #nowMs = Date.UTC(2026, 0, 1);
  #inputLength = 0;
  #lives = 0;
  #cutsInRecovery = 0;
  #cutsSeen = 0;
  #checkpoints = 0;
  #compactions = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#workload = new Workload(seed, nodes);
    this.#disk = new SimulatedDisk({ seed });
  }

  /** Makes the folder, durably. */
  async found(): Promise<void> {
    await this.#disk.makeDirectory(directory);
    await this.#append(20);
    await this.#disk.syncDirectory(directory);
    await this.#disk.syncDirectory('/');
  }

  /** One life, which ends by a cut; whether it committed a checkpoint. */
  async live(mustCommit: boolean): Promise<boolean> {
    await this.#append(this.#random.between(0, 8));
    const life = this.#begin();
    const operations = this.#random.chance(0.25) ? this.#random.between(0, 40) : this.#random.between(20, 260);
    const isSeen = this.#random.chance(0.5);
    let cutAt: number | undefined;
    const plan = () => {
      this.#disk.crashAfter(operations, isSeen ? 'throw' : 'hang');
      cutAt = this.#disk.operations + operations;
    };
    if (!mustCommit) plan();
    const isCut = () => cutAt !== undefined && this.#disk.operations > cutAt;
    // When nothing is left to do the power is cut all the same.
    for (let idleMs = 0; !isCut() && idleMs < 200; idleMs += life.isIdle ? stepMs : 0) {
      await life.advance(stepMs);
      if (cutAt === undefined && life.committed > 0) plan();
      if (!isCut()) life.assertWell();
    }
    if (isSeen) await life.advance(20); // It may look at the ruins, and must not do harm.
    if (!life.isOpen) this.#cutsInRecovery += 1;
    if (isSeen && isCut()) this.#cutsSeen += 1;
    this.cuts += 1;
    this.#end(life);
    this.#witness.look(`after cut ${this.cuts}`, await this.#read(files.output));
    return life.committed > 0;
  }

  /** Lets the application finish, cuts the power once more, and compares what is left with what must be. */
  async conclude(): Promise<OutageResult> {
    const last = this.#begin();
    const unfinished = await this.#finish(last);
    await last.stop();
    this.#end(last);
    const reader = this.#begin();
    await reader.advance(3 * 3_600_000); // Whatever was cancelled would be due.
    const reports = await reader.reports();
    await reader.stop();
    this.#end(reader);
    const outcome = {
      output: await this.#read(files.output),
      deadLetters: await this.#read(files.deadLetters),
      reports,
    };
    const { model } = this.#workload;
    const verdict = judge(model, outcome);
    const withdrawn = this.#witness.testify(outcome.output);
    return {
      ...verdict,
      violations: [...unfinished, ...withdrawn, ...verdict.violations].map(
        (violation) => `seed ${this.#seed}: ${violation}`,
      ),
      cuts: this.cuts,
      cutsInRecovery: this.#cutsInRecovery,
      cutsSeen: this.#cutsSeen,
      checkpoints: this.#checkpoints,
      compactions: this.#compactions,
      commands: model.commands,
    };
  }

  async #finish(life: Life): Promise<string[]> {
    const { model } = this.#workload;
    for (let ms = 0; ms < patienceMs; ms += 50) {
      await life.advance(50);
      life.assertWell();
      if (!life.isIdle) continue;
      const written = count(await this.#read(files.output)) + count(await this.#read(files.deadLetters));
      if (written >= model.lines.size + model.deadLetters) return [];
    }
    return ['the application never wrote all that it must'];
  }

  #begin(): Life {
    this.#lives += 1;
    const seed = this.#seed * 100_003 + this.#lives;
    return new Life(new VirtualPlatform({ seed, startMs: this.#nowMs, files: this.#disk }));
  }

  #end(life: Life): void {
    this.#nowMs = life.nowMs + (this.#random.chance(0.7) ? 0 : this.#random.between(1, 50));
    this.#checkpoints += life.committed;
    this.#compactions += life.compactions;
    this.#disk.crash();
  }

  /** Appends commands while the application is down, durably, as its source is told it may rely on. */
  async #append(commands: number): Promise<void> {
    let text = '';
    for (let count = 0; count < commands; count += 1) text += `${this.#workload.line()}\n`;
    const bytes = Buffer.from(text);
    const file = await this.#disk.open(files.input, 'update');
    await file.write(this.#inputLength, bytes);
    await file.sync();
    await file.close();
    this.#inputLength += bytes.length;
  }

  async #read(path: string): Promise<string> {
    const file = await this.#disk.open(path, 'read').catch(() => undefined);
    if (file === undefined) return ''; // It has not been made yet.
    const bytes = await file.read(0, await file.size());
    await file.close();
    return Buffer.from(bytes).toString();
  }
}

/** The application from one start to the next outage. */
class Life {
  committed = 0;
  compactions = 0;
  readonly #platform: VirtualPlatform;
  #app: RunningApplication | undefined;
  #failure: unknown;

  constructor(platform: VirtualPlatform) {
    this.#platform = platform;
    const module = new ChaosModule({ directory, scheduler: platform.scheduler });
    const starting = Application.from(module).start({
      platform,
      logger: this.#logger(),
      handleSignals: false,
      maxBacklog: 64,
      maxActiveAddresses: 6,
      checkpoints: { directory: files.state, interval: '10ms', keep: 2, cacheBytes: 64 * 1024 },
    });
    starting.then(
      (app) => {
        this.#app = app;
        app.finished.catch((error: unknown) => this.#fail(error));
      },
      (error: unknown) => this.#fail(error),
    );
  }

  get isOpen(): boolean {
    return this.#app !== undefined;
  }

  get nowMs(): number {
    return this.#platform.clock.now();
  }

  /** Whether all that was read is done and written; timers may be pending. */
  get isIdle(): boolean {
    const status = this.#app?.status;
    return status !== undefined && status.backlog === 0 && status.egressPending === 0;
  }

  advance(ms: number): Promise<void> {
    return this.#platform.advance(ms);
  }

  /** @throws what it failed with, while it had power. */
  assertWell(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async stop(): Promise<void> {
    await this.#platform.run(this.#running().stop());
    await this.#platform.run(this.#running().finished);
  }

  async reports(): Promise<Map<string, Report>> {
    this.assertWell();
    const reports = new Map<string, Report>();
    const { client } = this.#running();
    for (let number = 0; number < nodes; number += 1) {
      const id = `n${number}`;
      reports.set(id, await this.#platform.run(client.query(Node.at(id)).report()));
    }
    return reports;
  }

  #running(): RunningApplication {
    if (this.#app === undefined) throw new Error('the application has not opened');
    return this.#app;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
  }

  #logger(): Logger {
    const debug = (_fields: object, message: string) => {
      if (message === 'checkpoint committed') this.committed += 1;
      if (message === 'compaction ended') this.compactions += 1;
    };
    const logger: Logger = { ...silentLogger, debug, child: () => logger };
    return logger;
  }
}

function count(text: string): number {
  return text.split('\n').length - 1;
}
