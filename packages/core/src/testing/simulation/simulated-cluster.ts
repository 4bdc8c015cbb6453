import type { EpochPlan } from '../../cluster/directive.js';
import { MemoryMembership } from '../../cluster/memory-membership.js';
import type { Logger } from '../../ports/logger.js';
import type { Membership } from '../../ports/membership.js';
import { StatefulFunctionsError } from '../../sdk/errors.js';
import { SeededRandom } from '../seeded-random.js';
import { VirtualPlatform } from '../virtual-platform.js';
import { type Held, heldBy, mostOf, nothingHeld } from './held.js';
import { SimulatedNetwork } from './simulated-network.js';
import { type NodeSettings, SimulatedNode } from './simulated-node.js';
import { SimulatedProcess } from './simulated-process.js';
import { type ServiceCall, SimulatedService } from './simulated-service.js';
import { SimulatedStore } from './simulated-store.js';
import { Strikes } from './strikes.js';
import { Trace } from './trace.js';
import { UnreliableEnds } from './unreliable-ends.js';
import { WatchedEnds } from './watched-ends.js';

/** What became of checkpoints and epochs in a run. */
export interface ClusterCounts {
  epochs: number;
  committed: number;
  abandoned: number;
  /** Epochs that began with a checkpoint. */
  restored: number;
}

/**
 * A cluster in one thread: nodes with processes of their own, a network, a blob store and a membership table between them,
 * all of them in one virtual time, and everything that is random from one seed.
 */
export class SimulatedCluster {
  readonly random: SeededRandom;
  readonly world: VirtualPlatform;
  readonly strikes = new Strikes();
  readonly trace: Trace;
  readonly network: SimulatedNetwork;
  readonly store: SimulatedStore;
  readonly membership: SimulatedService;
  readonly counts: ClusterCounts = { epochs: 0, committed: 0, abandoned: 0, restored: 0 };
  /** What must never happen and did. */
  readonly violations: string[] = [];
  readonly #settings: NodeSettings;
  readonly #ends: WatchedEnds;
  readonly #unreliable: UnreliableEnds;
  #rows = new MemoryMembership();
  readonly #nodes = new Map<string, SimulatedNode>();
  /** Wrong wall clocks, by name of their machine, which outlives processes. */
  readonly #wallOffsets = new Map<string, number>();
  /** By how much they are wrong when nothing disturbs them. */
  readonly #usualOffsets = new Map<string, number>();
  #lives = 0;
  #isHealed = false;

  constructor(seed: number, settings: NodeSettings) {
    this.#settings = settings;
    this.random = new SeededRandom(seed);
    this.world = new VirtualPlatform({ seed: this.random.uint32() });
    this.trace = new Trace(this.world.clock);
    const { world, strikes } = this;
    this.network = new SimulatedNetwork(world, this.random.fork(), strikes);
    const service = new SimulatedService('blob store', world, this.random.fork(), strikes);
    const violate = (violation: string) => this.#violate(violation);
    this.store = new SimulatedStore(service, settings.isOnDisk, violate);
    this.#ends = new WatchedEnds(this.store.log, violate);
    this.membership = new SimulatedService('membership', world, this.random.fork(), strikes);
    this.#unreliable = new UnreliableEnds(this.random.fork(), strikes);
  }

  get nowMs(): number {
    return this.world.clock.monotonic();
  }

  /** Names of machines, whether or not a node runs on them. */
  get machines(): readonly string[] {
    return [...this.#wallOffsets.keys()];
  }

  /** Nodes that live, stopped ones included. */
  get nodes(): readonly SimulatedNode[] {
    return [...this.#nodes.values()];
  }

  nodeOn(machine: string): SimulatedNode | undefined {
    return this.#nodes.get(machine);
  }

  /** The node that has the coordinator's role, as far as anybody can tell. */
  get leader(): SimulatedNode | undefined {
    return this.nodes.find(({ node }) => node.coordinator?.state === 'running');
  }

  /** How much the nodes hold now: of each, the most that one does. */
  get held(): Held {
    return this.nodes.map(heldBy).reduce(mostOf, nothingHeld);
  }

  /** Starts a node on a machine that has none. */
  start(machine: string): void {
    this.#lives += 1;
    if (!this.#wallOffsets.has(machine)) this.#setUp(machine);
    const offset = () => this.#wallOffsets.get(machine) ?? 0;
    const { isSlow } = this.#settings;
    const process = new SimulatedProcess(machine, this.world, this.random.uint32(), offset, isSlow);
    const node = new SimulatedNode(this.#settings, {
      process,
      transport: this.network.transportOf(process),
      membership: this.#membershipFor(process),
      store: this.store.storeFor(process),
      endsOf: (bindings) => this.#ends.watch(this.#unreliable.spoil(bindings)),
      logger: this.#loggerFor(process),
      failed: (error) => this.#noteFailure(process, error),
      begun: (plan) => this.#noteEpoch(process, plan),
    });
    this.#nodes.set(machine, node);
    this.trace.note(machine, `starts, life ${this.#lives}`);
    node.node.start().catch((error: unknown) => this.#noteFailure(process, error as Error));
  }

  kill(machine: string): void {
    const node = this.#nodes.get(machine);
    if (node === undefined) return;
    this.#nodes.delete(machine);
    node.kill();
    this.trace.note(machine, 'is killed');
  }

  /** Has the node give its work to others and end; it is gone when that has happened. */
  leave(machine: string): void {
    const node = this.#nodes.get(machine);
    if (node === undefined) return;
    this.trace.note(machine, 'leaves');
    node.leave().then(
      () => {
        if (this.#nodes.get(machine) !== node) return;
        this.trace.note(machine, 'has left');
        this.kill(machine);
        if (this.#isHealed) this.start(machine);
      },
      (error: unknown) => this.#noteFailure(node.process, error as Error),
    );
  }

  /** The membership table loses all rows: whoever holds a lease does not know it yet, and somebody else may take it. */
  forgetLeases(): void {
    this.#rows = new MemoryMembership();
  }

  /** The power goes on the machine that all nodes run on, whose disk is cut off first. */
  losePower(): void {
    for (const machine of this.machines) this.kill(machine);
    this.store.restart();
  }

  /** From now on every machine has a node that runs, also where one is about to leave. */
  heal(): void {
    this.#isHealed = true;
    this.#unreliable.heal();
    for (const { process } of this.nodes) process.resume();
    for (const machine of this.machines) if (!this.#nodes.has(machine)) this.start(machine);
  }

  /** Sets the wall clock of a machine. */
  setClock(machine: string, offsetMs: number): void {
    this.#wallOffsets.set(machine, offsetMs);
    this.trace.note(machine, `has a wall clock that is ${offsetMs} ms wrong`);
  }

  /** By how much the wall clock of a machine is wrong when nothing disturbs it. */
  clockOf(machine: string): number {
    return this.#usualOffsets.get(machine) ?? 0;
  }

  /** Most machines agree about the time, more or less; some are seconds off. */
  #setUp(machine: string): void {
    const offsetMs = this.random.chance(0.3) ? this.random.below(10_000) - 5_000 : 0;
    if (offsetMs !== 0) this.strikes.add('wall clocks that differ');
    this.#usualOffsets.set(machine, offsetMs);
    this.setClock(machine, offsetMs);
  }

  #membershipFor(process: SimulatedProcess): Membership {
    const call = <T>(kind: ServiceCall['kind'], name: string, work: (rows: Membership) => Promise<T>) =>
      this.membership.call(process, { kind, name }, () => work(this.#rows));
    return {
      read: (key) => call('read', key, (rows) => rows.read(key)),
      write: (key, value, revision) => call('put', key, (rows) => rows.write(key, value, revision)),
      remove: (key, revision) => call('remove', key, (rows) => rows.remove(key, revision)),
      list: (prefix) => call('read', prefix, (rows) => rows.list(prefix)),
    };
  }

  #loggerFor(process: SimulatedProcess): Logger {
    const note = (fields: object, text: string) => {
      if (process.isDead) return;
      if (text === 'checkpoint committed') this.counts.committed += 1;
      if (text.startsWith('checkpoint abandoned')) this.counts.abandoned += 1;
      const { err, ...rest } = fields as { err?: Error };
      const more = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
      this.trace.note(process.name, `${text}${more}${err === undefined ? '' : `: ${err.message}`}`);
    };
    const logger: Logger = { trace: note, debug: note, info: note, warn: note, error: note, child: () => logger };
    return logger;
  }

  #noteFailure(process: SimulatedProcess, error: Error): void {
    if (process.isDead) return;
    this.trace.note(process.name, `fails: ${error.message}`);
    const code = error instanceof StatefulFunctionsError ? error.code : undefined;
    if (code !== undefined && passingFailures.has(code)) this.strikes.add(`failed with ${code}`);
    else this.#violate(`${process.name} failed: ${error.stack ?? error.message}`);
  }

  #violate(violation: string): void {
    this.trace.note('', `violation: ${violation}`);
    // One of a kind tells enough; a broken core may go on for ever.
    if (this.violations.length < 100) this.violations.push(violation);
  }

  #noteEpoch(process: SimulatedProcess, plan: EpochPlan): void {
    this.counts.epochs += 1;
    if (plan.base !== undefined) this.counts.restored += 1;
    this.#settings.begun?.(plan.epoch, plan.base?.checkpoint ?? 0);
    const workers = plan.workers.map(({ endpoint }) => endpoint).join(', ');
    const base = plan.base === undefined ? 'nothing' : `checkpoint ${plan.base.checkpoint}`;
    this.trace.note(process.name, `begins epoch ${plan.epoch} from ${base} with ${workers}`);
  }
}

/**
 * What a node that is cut off, or has been replaced, may fail with: what it looks for is gone. It goes on from what is committed;
 * were it to fail again and again, nothing would come out any more.
 */
const passingFailures: ReadonlySet<string> = new Set([
  'SF_FENCED',
  'SF_STORAGE',
  'SF_MISSING_BLOB',
  'SF_SOURCE_POSITION',
  'SF_STOPPED',
]);
