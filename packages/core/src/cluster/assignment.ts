import { invariant } from '../sdk/errors.js';
import { type KeyGroupRange, KeyGroupRanges } from '../state/key-group-ranges.js';
import { dealKeyGroups, unowned } from './key-group-deal.js';
import { dealNames } from './name-deal.js';

/** What one worker owns. Its place in the assignment is its *slot*. */
export interface WorkerShare {
  /** Who it is over time, whatever its slot: where it can be reached. */
  readonly name: string;
  readonly ranges: KeyGroupRanges;
  /** Names of ingresses that it reads, ascending. */
  readonly ingresses: readonly string[];
  /** Names of egresses that it writes to, ascending. */
  readonly egresses: readonly string[];
}

/** What is to be assigned to whom. The order of names does not matter. */
export interface AssignmentRequest {
  readonly maxParallelism: number;
  /** The names of the workers, at least one. */
  readonly workers: Iterable<string>;
  readonly ingresses: Iterable<string>;
  readonly egresses: Iterable<string>;
}

/** An assignment in the codec's data model, to send and to store. */
export interface AssignmentData {
  readonly maxParallelism: number;
  /** By slot. */
  readonly workers: readonly (Omit<WorkerShare, 'ranges'> & { readonly ranges: readonly KeyGroupRange[] })[];
}

/** An owner takes 16 bits, for each message that is sent looks one up. */
const maxWorkers = 0x10000;

/**
 * Which worker owns which KeyGroups, ingresses and egresses. Immutable.
 *
 * Invariant: each KeyGroup and each named thing has exactly one owner, and workers have different names. An assignment that
 * exists was checked.
 */
export class Assignment {
  readonly maxParallelism: number;
  /** By slot. */
  readonly workers: readonly WorkerShare[];
  /** For each KeyGroup, the slot of its owner. */
  readonly #owners: Uint16Array;
  readonly #slots = new Map<string, number>();
  readonly #ingresses = new Map<string, number>();
  readonly #egresses = new Map<string, number>();

  private constructor(maxParallelism: number, workers: readonly WorkerShare[]) {
    checkAssignment(maxParallelism, workers);
    this.maxParallelism = maxParallelism;
    this.workers = workers;
    this.#owners = new Uint16Array(maxParallelism);
    for (const [slot, { name, ranges, ingresses, egresses }] of workers.entries()) {
      this.#slots.set(name, slot);
      for (const [from, to] of ranges) this.#owners.fill(slot, from, to);
      for (const ingress of ingresses) this.#ingresses.set(ingress, slot);
      for (const egress of egresses) this.#egresses.set(egress, slot);
    }
  }

  /**
   * Assigns everything, going on from `former` where there was an assignment.
   *
   * Laws:
   * - Numbers of KeyGroups differ by at most one between workers, and so do those of ingresses, and of egresses.
   * - No balanced assignment moves fewer KeyGroups, fewer ingresses or fewer egresses. In particular, nothing moves
   *   if nothing has to.
   * - Equal arguments, whatever the order of names, give equal assignments.
   *
   * Slots follow the order of the workers' names, so they may change from one assignment to the next; names tell who it is.
   */
  static make({ maxParallelism, workers, ingresses, egresses }: AssignmentRequest, former?: Assignment): Assignment {
    const names = [...workers].sort();
    invariant(names.length > 0, 'there are no workers to assign anything to');
    invariant(former === undefined || former.maxParallelism === maxParallelism, 'the number of KeyGroups changed');
    const slotsByName = new Map(names.map((name, slot) => [name, slot]));
    /** By former slot; `undefined` for a worker that left. */
    const slots = former?.workers.map(({ name }) => slotsByName.get(name)) ?? [];
    const slotNow = (formerSlot: number | undefined) => (formerSlot === undefined ? undefined : slots[formerSlot]);
    const owners = new Int32Array(maxParallelism).map((_, keyGroup) => slotNow(former?.ownerOf(keyGroup)) ?? unowned);
    const ranges = rangesOf(dealKeyGroups(owners, names.length), names.length);
    const ingressesOf = dealNames(
      ingresses,
      (name) => slotNow(former?.ownerOfIngress(name)),
      names.map(() => 0),
    );
    const egressesOf = dealNames(
      egresses,
      (name) => slotNow(former?.ownerOfEgress(name)),
      ingressesOf.map(({ length }) => length),
    );
    const shares = names.map((name, slot) => ({
      name,
      ranges: ranges[slot] as KeyGroupRanges,
      ingresses: ingressesOf[slot] as string[],
      egresses: egressesOf[slot] as string[],
    }));
    return new Assignment(maxParallelism, shares);
  }

  /** @throws SF_BROKEN_INVARIANT if what `data` says is no assignment. */
  static from({ maxParallelism, workers }: AssignmentData): Assignment {
    const shares = workers.map((share) => ({ ...share, ranges: KeyGroupRanges.of(share.ranges) }));
    return new Assignment(maxParallelism, shares);
  }

  /** The slot of the worker that owns a KeyGroup: one look into a table. */
  ownerOf(keyGroup: number): number {
    const slot = this.#owners[keyGroup];
    invariant(slot !== undefined, 'the owner of something that is no KeyGroup was asked for');
    return slot;
  }

  /** The slot of the worker that reads an ingress; `undefined` if it was not assigned. */
  ownerOfIngress(name: string): number | undefined {
    return this.#ingresses.get(name);
  }

  /** The slot of the worker that writes to an egress; `undefined` if it was not assigned. */
  ownerOfEgress(name: string): number | undefined {
    return this.#egresses.get(name);
  }

  /** The slot of the worker of that name; `undefined` if it has none. */
  slotOf(workerName: string): number | undefined {
    return this.#slots.get(workerName);
  }

  /** The form to send and to store; `Assignment.from` is the way back. */
  toData(): AssignmentData {
    return {
      maxParallelism: this.maxParallelism,
      workers: this.workers.map(({ name, ranges, ingresses, egresses }) => ({
        name,
        ranges: ranges.toData(),
        ingresses: [...ingresses],
        egresses: [...egresses],
      })),
    };
  }
}

/**
 * Asserts that every KeyGroup from 0 to `maxParallelism` - 1 and every named thing has exactly one owner.
 *
 * @throws SF_BROKEN_INVARIANT
 */
export function checkAssignment(maxParallelism: number, workers: readonly WorkerShare[]): void {
  invariant(
    Number.isSafeInteger(maxParallelism) && maxParallelism > 0,
    'the number of KeyGroups is not a whole number',
  );
  invariant(workers.length > 0 && workers.length <= maxWorkers, 'the number of workers is not from 1 to 65,536');
  checkUnique(workers.map(({ name }) => name));
  checkUnique(workers.flatMap(({ ingresses }) => ingresses));
  checkUnique(workers.flatMap(({ egresses }) => egresses));
  const all = KeyGroupRanges.of(workers.flatMap(({ ranges }) => [...ranges]));
  invariant(
    all.equals(KeyGroupRanges.all(maxParallelism)),
    'the KeyGroups of an assignment are not exactly all there are',
  );
}

function checkUnique(names: readonly string[]): void {
  invariant(new Set(names).size === names.length, 'a name is in an assignment twice');
}

function rangesOf(owners: Int32Array, workers: number): KeyGroupRanges[] {
  const ranges: KeyGroupRange[][] = Array.from({ length: workers }, () => []);
  for (const [keyGroup, owner] of owners.entries()) ranges[owner]?.push([keyGroup, keyGroup + 1]);
  return ranges.map((each) => KeyGroupRanges.of(each));
}
