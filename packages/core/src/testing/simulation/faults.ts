import type { SeededRandom } from '../seeded-random.js';
import type { SimulatedCluster } from './simulated-cluster.js';
import { fairWeather } from './simulated-network.js';
import type { SimulatedProcess } from './simulated-process.js';
import { type Ambush, type CutWay, goodService, type ServiceCall, type SimulatedService } from './simulated-service.js';

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
  ['membership takes no writes', membershipReadOnly],
  ['membership forgot all leases', forgetLeases],
  ['node cut off from the blob store', cutOffStore],
  ['node cut off from the membership', cutOffMembership],
  ['coordinator killed in a put of the log', killInLogPut],
  ['coordinator killed in a put of the log', killInLogPut],
  ['coordinator paused in a put of the log', pauseInLogPut],
  ['coordinator paused in a put of the log', pauseInLogPut],
  ['power lost', losePower],
  ['power lost', losePower],
  ['wall clock jumped', jumpClock],
  ['node joined', join],
  ['node left', leave],
];

/** What faults do to single frames and calls, and to whoever happens to be in one. */
const effects = [
  'frame lost',
  'frame lost in a partition',
  'frame repeated',
  'network said that nobody listens where somebody does',
  'blob store failed',
  'blob store lost an answer',
  'blob store was called twice',
  'blob store: a call did not get through',
  'blob store: an answer did not get through',
  'membership failed',
  'membership lost an answer',
  'membership was called twice',
  'membership: a call did not get through',
  'membership: an answer did not get through',
  'killed before a call of the store',
  'killed after a call of the store',
  'killed before its entry was in the log',
  'killed when its entry was in the log',
  'paused with an entry on its way to the log',
  'power lost in an operation of the disk',
  'source failed',
  'source failed behind what it read',
  'source failed to take an acknowledgement',
  'sink failed',
  'sink failed in the middle of a batch',
  'wall clocks that differ',
] as const;

/** The names of all kinds of faults. */
export const faultKinds: readonly string[] = [...new Set(faults.map(([kind]) => kind)), ...effects];

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
    cluster.store.service.ambushes.clear();
    // Who was paused in a call of the store would go on some time later.
    for (const { process } of cluster.nodes) process.resume();
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
  const process = cluster.nodeOn(anyOf(cluster.machines, random) ?? '')?.process;
  if (process === undefined) return undefined;
  let calls = 1 + random.below(12);
  const meets = () => {
    calls -= 1;
    return calls === 0;
  };
  const [moment, at] = random.chance(0.5)
    ? (['done', 'killed after a call of the store'] as const)
    : (['arrived', 'killed before a call of the store'] as const);
  return ambush(cluster, process, { meets, [moment]: () => strikeDown(cluster, process, at) });
}

function killInLogPut(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  const process = cluster.leader?.process;
  if (process === undefined) return undefined;
  // Most often when what it did counts, and nobody has been told.
  const [moment, at] = random.chance(0.7)
    ? (['done', 'killed when its entry was in the log'] as const)
    : (['arrived', 'killed before its entry was in the log'] as const);
  return ambush(cluster, process, { meets: isLogPut, [moment]: () => strikeDown(cluster, process, at) });
}

/** It goes on when others have taken over; its entry arrives before, meanwhile or after. */
function pauseInLogPut(cluster: SimulatedCluster, random: SeededRandom, leaseMs: number): (() => void) | undefined {
  const process = cluster.leader?.process;
  if (process === undefined) return undefined;
  const sent = () => {
    cluster.strikes.add('paused with an entry on its way to the log');
    process.pause();
    cluster.world.scheduler.after(leaseMs * 2 + random.below(4 * leaseMs), () => process.resume());
    return random.below(6 * leaseMs);
  };
  return ambush(cluster, process, { meets: isLogPut, sent });
}

function isLogPut({ kind, name }: ServiceCall): boolean {
  return kind === 'put' && name.startsWith('log/');
}

function ambush(cluster: SimulatedCluster, process: SimulatedProcess, how: Ambush): () => void {
  const { ambushes } = cluster.store.service;
  ambushes.set(process, how);
  return () => {
    if (ambushes.get(process) === how) ambushes.delete(process);
    restart(cluster, process.name);
  };
}

function strikeDown(cluster: SimulatedCluster, { name, isDead }: SimulatedProcess, how: string): void {
  if (isDead) return;
  cluster.strikes.add(how);
  cluster.kill(name);
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
  network.weather = { loss, repetition: 0.1, maxDelayMs: random.chance(0.5) ? 20 : 200, error: 0.5 };
  return () => {
    network.weather = fairWeather;
  };
}

function badStore({ store }: SimulatedCluster, random: SeededRandom): () => void {
  return change(store.service, {
    ...goodService,
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
  return change(membership, { ...goodService, maxDelayMs: 50, failure: 0.2, lostAnswer: 0.2, secondTry: 0.1 });
}

function membershipDown({ membership }: SimulatedCluster): () => void {
  return change(membership, { ...goodService, failure: 1 });
}

function membershipReadOnly({ membership }: SimulatedCluster): () => void {
  return change(membership, { ...goodService, writeFailure: 1 });
}

function forgetLeases(cluster: SimulatedCluster): () => void {
  cluster.forgetLeases();
  return () => {};
}

function cutOffStore(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  return cutOff(cluster, cluster.store.service, random);
}

function cutOffMembership(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  return cutOff(cluster, cluster.membership, random);
}

function cutOff(cluster: SimulatedCluster, service: SimulatedService, random: SeededRandom): (() => void) | undefined {
  const machine = random.chance(0.5) ? cluster.leader?.process.name : anyOf(cluster.machines, random);
  if (machine === undefined) return undefined;
  service.cut(machine, (['calls', 'answers', 'both'] satisfies CutWay[])[random.below(3)] as CutWay);
  return () => service.mend(machine);
}

/** Where there is but one machine, whose disk is the store. */
function losePower(cluster: SimulatedCluster, random: SeededRandom): (() => void) | undefined {
  const { store, world, machines } = cluster;
  if (!store.isOnDisk) return undefined;
  store.failAfter(random.below(60));
  let isOff = false;
  const lose = () => {
    if (isOff) return;
    isOff = true;
    cluster.losePower();
  };
  // The disk is the first to go.
  world.scheduler.after(random.below(200), lose);
  return () => {
    lose();
    for (const machine of machines) restart(cluster, machine);
  };
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
  return () => cluster.setClock(machine, cluster.clockOf(machine));
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
