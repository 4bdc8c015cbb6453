import {
  type Held,
  nothingHeld,
  type Simulation,
  type SimulationResult,
  simulate,
} from '@stateful-functions/core/testing';
import {
  Attempts,
  collectReports,
  judge,
  Occupancy,
  Outside,
  Progress,
  Random,
  VerificationModule,
  VerificationWorkload,
  type WorkloadOptions,
} from '@stateful-functions/verification';
import { distant } from './distant.js';

/** What became of one seed. */
export interface ClusterTrial extends SimulationResult {
  readonly seed: number;
}

export interface TrialOptions {
  /** Virtual time between two faults on average; infinite for none. */
  readonly faultEveryMs?: number;
  /** Virtual time within which all that is certain must have come once nothing goes wrong any more; 5 minutes by default. */
  readonly patienceMs?: number;
}

const defaultPatienceMs = 300_000;
/**
 * A timer of one worker may be early for another by as much as their wall clocks are apart: at worst each is an hour wrong, one ahead
 * and one behind.
 */
const clockSkewMs = 7_210_000;

/** The most that a node may hold in memory under a workload of this size, and when all of it is done: heartbeats go on. */
const busy: Held = { messages: 1_000, outstanding: 1_000, records: 2_000, submissions: 100, callbacks: 200 };
const idle: Held = { messages: 0, outstanding: 0, records: 0, submissions: 0, callbacks: 30 };

/** Has a cluster carry out a workload while faults strike it, and judges what is left. Everything depends on the seed. */
export async function clusterTrial(seed: number, options: TrialOptions = {}): Promise<ClusterTrial> {
  const { patienceMs = defaultPatienceMs, ...faults } = options;
  const random = new Random(seed ^ 0x5eed);
  const load: WorkloadOptions = { commands: 120, calls: 16, hasLongTimers: random.chance(0.1) };
  const workload = new VerificationWorkload(seed, load);
  const occupancy = new Occupancy();
  const attempts = new Attempts();
  const outside = new Outside();
  const isFast = random.chance(0.5);
  const violations: string[] = [];
  const simulated = simulate({
    ...faults,
    seed,
    modules: (site) => [
      new VerificationModule({
        scheduler: () => site.process.scheduler,
        occupancy,
        outside: distant(outside, site, isFast),
        life: () => `epoch ${site.epoch()}`,
        attempted: (message, attempt) =>
          attempts.see({ message, attempt, epoch: site.epoch(), checkpoint: site.checkpoint() }),
      }),
    ],
    begun: (epoch, checkpoint) => attempts.begun(epoch, checkpoint),
    drive: async (simulation) => {
      try {
        const driver = new Driver(simulation, workload, outside, random);
        await driver.feed();
        simulation.heal();
        if (await driver.finish(patienceMs)) {
          judgeHeld('when all was done', simulation.held, idle, violations);
          const reports = await driver.reports();
          const noticed = [...occupancy.violations, ...attempts.violations];
          const verdict = judge(workload, { ...reports, ...outside.shown, noticed, clockSkewMs });
          violations.push(...verdict.violations);
        } else violations.push(`no progress: ${driver.missing} within ${patienceMs} ms without faults`);
      } catch (error) {
        violations.push(`the driver got stuck: ${(error as Error).stack}`);
      }
    },
  });
  try {
    const result = await simulated;
    judgeHeld('while it ran', result.held, busy, violations);
    return { ...result, seed, violations: [...result.violations, ...violations] };
  } catch (error) {
    // The driver was not answered, or virtual time stands still.
    const counts = { epochs: 0, committed: 0, abandoned: 0, restored: 0 };
    const nothing = { strikes: {}, counts, held: nothingHeld, trace: [] };
    return { seed, violations: [`the run broke: ${(error as Error).stack}`], ...nothing };
  }
}

function judgeHeld(when: string, held: Held, most: Held, violations: string[]): void {
  for (const [what, count] of Object.entries(held) as [keyof Held, number][])
    if (count > most[what]) violations.push(`memory: a node held ${count} ${what} ${when}, and ${most[what]} at most`);
}

/** Gives a workload to a cluster, and waits for what must come of it. */
class Driver {
  readonly #simulation: Simulation;
  readonly #workload: VerificationWorkload;
  readonly #outside: Outside;
  readonly #random: Random;
  readonly #progress: Progress;
  readonly #calls: Promise<unknown>[] = [];
  #unsettled = 0;

  constructor(simulation: Simulation, workload: VerificationWorkload, outside: Outside, random: Random) {
    this.#simulation = simulation;
    this.#workload = workload;
    this.#outside = outside;
    this.#random = random;
    this.#progress = new Progress(workload);
  }

  get missing(): string {
    return `${this.#progress.missing} records are missing, ${this.#unsettled} calls unsettled`;
  }

  /** Everything goes in, in pieces, while faults strike. */
  async feed(): Promise<void> {
    const pending = this.#workload.arrivals.map((arrivals) => [...arrivals]);
    const calls = [...this.#workload.calls];
    const random = this.#random;
    while (calls.length > 0 || pending.some(({ length }) => length > 0)) {
      for (const [index, arrivals] of pending.entries())
        this.#outside.sources[index]?.push(...arrivals.splice(0, random.between(0, 3)));
      const { clients } = this.#simulation;
      const call = calls[0];
      if (call !== undefined && clients.length > 0 && random.chance(0.5)) {
        calls.shift();
        this.#unsettled += 1;
        const made = this.#workload.clients.make(random.pick(clients), call);
        this.#calls.push(made.finally(() => (this.#unsettled -= 1)));
      }
      await this.#simulation.advance(random.between(1, 250));
    }
    await this.#simulation.advance(random.between(0, 2_000));
  }

  /** Whether all that is certain has come. */
  async finish(patienceMs: number): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += 200) {
      const { traces, deadLetters } = this.#outside.shown;
      const isComplete = this.#progress.isComplete(traces, deadLetters.length);
      // What is certain may be out while more waits for a checkpoint whose entry takes long to arrive.
      if (isComplete && this.#unsettled === 0 && this.#simulation.held.records === 0) {
        await this.#simulation.advance(this.#workload.restMs);
        return true;
      }
      await this.#simulation.advance(200);
    }
    return false;
  }

  /** Asks as soon as there is somebody to ask: the last node may be on its way out, and another on its way in. */
  async reports(): Promise<Awaited<ReturnType<typeof collectReports>>> {
    let [client] = this.#simulation.clients;
    for (let waitedMs = 0; client === undefined && waitedMs < 60_000; waitedMs += 200) {
      await this.#simulation.advance(200);
      [client] = this.#simulation.clients;
    }
    if (client === undefined) throw new Error('no node lives');
    return this.#simulation.run(collectReports(client, this.#workload));
  }
}
