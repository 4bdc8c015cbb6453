import type { SeededRandom } from '../seeded-random.js';
import type { SimulatedCluster } from './simulated-cluster.js';
import { fairWeather } from './simulated-network.js';
import { goodService, type SimulatedService } from './simulated-service.js';

/** Something that goes wrong; returns how it is put right again, if it does not pass by itself. */
type Fault = (cluster: SimulatedCluster, random: SeededRandom, leaseMs: number) => (() => void) | undefined;

/** Every kind of fault a cluster may meet. A kind that is listed twice strikes twice as often. */
const faults: readonly (readonly [kind: string, fault: Fault])[] = [
  ['node killed', killAny],
  ['node killed', killAny],
  ['coordinator killed', killLeader],
  ['node killed in a call of the store', killInCall],
  ['node killed in a call of the store', killInCall],
  ['node paused', pauseAny],
  ['node paused', pauseAny],
  ['coordinator paused', pauseLeader],
  ['two nodes cut off from each other', partition],
  ['one way between two nodes cut', partitionOneWay],
  ['node cut off from all others', isolate],
  ['bad network', badNetwork],
  ['bad network', badNetwork],
  ['bad blob store', badStore],
  ['blob store fails', failingStore],
  ['blob store fails', failingStore],
  ['slow blob store', slowStore],
  ['bad membership', badMembership],
  ['membership down', membershipDown],
  ['wall clock jumped', jumpClock],
  ['node joined', join],
  ['node left', leave],
];

/** The names of all kinds of faults. */
export const faultKinds: readonly string[] = [...new Set(faults.map(([kind]) => kind))];

/**
 * Has faults strike a cluster at random, one after the other and at once, until it is told to stop. Then everything is put
 * right: networks and services are fair again, and every machine has a node that runs.
 */
export class Faults {
  readonly #cluster: SimulatedCluster;
  readonly #random: SeededRandom;
  readonly #leaseMs: number;
  readonly #meanMs: number;
  readonly #remedies = new Set<() => void>();
  #isOn = true;

  /** @param meanMs how much virtual time passes between two faults on average. */
  constructor(cluster: SimulatedCluster, leaseMs: number, meanMs: number) {
    this.#cluster = cluster;
    this.#random = cluster.random.fork();
    this.#leaseMs = leaseMs;
    this.#meanMs = meanMs;
    this.#plan();
  }

  /** Ends all faults for good. */
  stop(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    for (const remedy of [...this.#remedies]) remedy();
    const cluster = this.#cluster;
    for (const service of [cluster.store.service, cluster.membership]) service.doom.clear();
    cluster.heal();
    cluster.trace.note('', 'faults end');
  }

  #plan(): void {
    const delayMs = this.#random.below(2 * this.#meanMs);
    this.#cluster.world.scheduler.after(delayMs, () => {
      if (!this.#isOn) return;
      this.#strike();
      this.#plan();
    });
  }

  #strike(): void {
    const random = this.#random;
    const [kind, fault] = faults[random.below(faults.length)] as (typeof faults)[number];
    const undo = fault(this.#cluster, random, this.#leaseMs);
    if (undo === undefined) return;
    this.#cluster.strikes.add(kind);
    this.#cluster.trace.note('', kind);
    const remedy = () => {
      if (this.#remedies.delete(remedy)) undo();
    };
    this.#remedies.add(remedy);
    // Some faults pass before anybody notices, some last longer than any lease.
    const lastsMs = random.chance(0.3) ? random.below(this.#leaseMs / 2) : random.below(4 * this.#leaseMs);
    this.#cluster.world.scheduler.after(lastsMs, remedy);
  }
}

function killAny(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  return kill(cluster, anyOf(cluster.machines, random));
}

function killLeader(cluster: SimulatedCluster): (() => void) | undefined {
  return kill(cluster, cluster.leader?.process.name);
}

/** The node comes back: at once, or when the fault ends. */
function kill(cluster: SimulatedCluster, machine: string | undefined): (() => void) | undefined {
  if (machine === undefined || cluster.nodeOn(machine) === undefined) return undefined;
  cluster.kill(machine);
  return () => restart(cluster, machine);
}

function restart(cluster: SimulatedCluster, machine: string): void {
  if (cluster.nodeOn(machine) === undefined) cluster.start(machine);
}

function killInCall(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  const node = cluster.nodeOn(anyOf(cluster.machines, random) ?? '');
  if (node === undefined) return undefined;
  const { process } = node;
  const after = random.chance(0.5);
  cluster.store.service.doom.set(process, {
    calls: 1 + random.below(12),
    after,
    kill: () => {
      if (cluster.nodeOn(process.name) !== node) return;
      cluster.strikes.add(after ? 'killed after a call of the store' : 'killed before a call of the store');
      cluster.kill(process.name);
    },
  });
  return () => {
    cluster.store.service.doom.delete(process);
    restart(cluster, process.name);
  };
}

function pauseAny(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  return pause(cluster, anyOf(cluster.machines, random));
}

function pauseLeader(cluster: SimulatedCluster): (() => void) | undefined {
  return pause(cluster, cluster.leader?.process.name);
}

function pause(cluster: SimulatedCluster, machine: string | undefined): (() => void) | undefined {
  const process = cluster.nodeOn(machine ?? '')?.process;
  if (process === undefined || process.isPaused) return undefined;
  process.pause();
  return () => {
    process.resume();
    cluster.trace.note(process.name, 'goes on');
  };
}

function partition(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  const [one, other] = twoOf(cluster.machines, random);
  if (other === undefined || one === undefined) return undefined;
  return cutAll(cluster, [
    [one, other],
    [other, one],
  ]);
}

function partitionOneWay(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  const [one, other] = twoOf(cluster.machines, random);
  return other === undefined || one === undefined ? undefined : cutAll(cluster, [[one, other]]);
}

function isolate(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  const one = anyOf(cluster.machines, random);
  if (one === undefined) return undefined;
  const ways = cluster.machines.flatMap((other): [string, string][] => [
    [one, other],
    [other, one],
  ]);
  return cutAll(cluster, ways);
}

function cutAll({ network }: SimulatedCluster, ways: readonly (readonly [string, string])[]): () => void {
  for (const [from, to] of ways) network.cut(from, to);
  return () => {
    for (const [from, to] of ways) network.mend(from, to);
  };
}

function badNetwork({ network }: SimulatedCluster, random: SeededRandom): () => void {
  const loss = random.chance(0.5) ? 0.05 : 0.3;
  network.weather = { loss, repetition: 0.1, maxDelayMs: random.chance(0.5) ? 20 : 200 };
  return () => {
    network.weather = fairWeather;
  };
}

function badStore({ store }: SimulatedCluster, random: SeededRandom): () => void {
  return change(store.service, {
    maxDelayMs: 10 + random.below(50),
    failure: 0.15,
    lostAnswer: 0.15,
    secondTry: 0.2,
  });
}

function failingStore({ store }: SimulatedCluster): () => void {
  return change(store.service, { ...goodService, failure: 0.7 });
}

function slowStore({ store }: SimulatedCluster, random: SeededRandom): () => void {
  return change(store.service, { ...goodService, maxDelayMs: 200 + random.below(2_000) });
}

function badMembership({ membership }: SimulatedCluster): () => void {
  return change(membership, { maxDelayMs: 50, failure: 0.2, lostAnswer: 0.2, secondTry: 0.1 });
}

function membershipDown({ membership }: SimulatedCluster): () => void {
  return change(membership, { ...goodService, failure: 1 });
}

function change(service: SimulatedService, weather: SimulatedService['weather']): () => void {
  service.weather = weather;
  return () => {
    service.weather = goodService;
  };
}

function jumpClock(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  const machine = anyOf(cluster.machines, random);
  if (machine === undefined) return undefined;
  cluster.setClock(machine, random.below(7_200_000) - 3_600_000);
  return () => cluster.setClock(machine, 0);
}

function join(cluster: SimulatedCluster): (() => void) | undefined {
  const { length } = cluster.machines;
  if (length >= 5) return undefined;
  cluster.start(`node-${length}`);
  return () => {};
}

function leave(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  const machine = anyOf(cluster.machines, random);
  if (machine === undefined || cluster.nodeOn(machine) === undefined || cluster.nodes.length < 2) return undefined;
  cluster.leave(machine);
  return () => restart(cluster, machine);
}

function anyOf<T>(list: readonly T[], random: SeededRandom): T | undefined {
  return list[random.below(list.length)];
}

function twoOf<T>(list: readonly T[], random: SeededRandom): readonly [T | undefined, T | undefined] {
  const one = random.below(list.length);
  const other = random.below(list.length - 1);
  return list.length < 2 ? [undefined, undefined] : [list[one], list[other < one ? other : other + 1]];
}
