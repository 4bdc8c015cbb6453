import type { Scheduler } from '../ports/scheduler.js';
import type { AnyAddress } from '../sdk/address.js';
import { invariant } from '../sdk/errors.js';
import { flat } from '../state/flat-text.js';
import { entryKey, entryPrefix, prefixEnd, recordKey } from '../state/key.js';
import { keyGroupOf } from '../state/key-group.js';
import type { KeyGroupRanges } from '../state/key-group-ranges.js';
import type { Entry, SegmentSet } from '../state/segment-set.js';
import type { ShapeTable } from '../state/shape.js';
import { Activation } from './activation.js';
import type { Envelope } from './envelope.js';
import type { PlannedField } from './field-plan.js';
import { DirtyList, FrozenState, type FrozenStateServices } from './frozen-state.js';
import type { FunctionHost } from './function-host.js';
import type { Invocation } from './invocation.js';
import { type CellStorage, MapCell } from './map-cell.js';

/** Activations that are looked at between two turns of the event loop when idle ones are dropped. */
const sweptPerSlice = 2_048;

/**
 * The activations of a worker and what of their state the next checkpoint must hold.
 *
 * Time is divided into intervals by cuts. An activation is dirty in the interval in which it last changed. A cut only starts
 * the next interval and keeps the list of those that were dirty; they are encoded afterwards, a slice at a time, and one that
 * is about to change before its turn is encoded at that moment. If the checkpoint is abandoned, they are dirty again, and the
 * state they hold by then is what the next one stores: the newest wins.
 *
 * Invariants:
 * - Only an activation whose last change is in a committed checkpoint is dropped from memory.
 * - What is kept from one epoch to the next is the state of the checkpoint that both know last, and nothing else.
 */
export class StateTable implements FrozenStateServices {
  #interval = 1;
  #committedInterval = 0;
  #dirty = new DirtyList();
  #frozen: FrozenState | undefined;
  #count = 0;
  readonly #unusual = new Set<number>();

  constructor(
    readonly segments: SegmentSet,
    readonly shapes: ShapeTable,
    readonly maxParallelism: number,
    readonly scheduler: Scheduler,
  ) {}

  /** Activations in memory. */
  get size(): number {
    return this.#count;
  }

  get hasChanges(): boolean {
    return this.#dirty.activations.length > 0;
  }

  /** Whether this address has changed since the last committed checkpoint. */
  isUncommitted(activation: Activation): boolean {
    return activation.dirtyIn > this.#committedInterval;
  }

  /** A new activation, whose state is not in place yet: see `load`. */
  activate(host: FunctionHost, id: string): Activation {
    const key = flat(id);
    const activation = new Activation(host, key);
    host.activations.set(key, activation);
    this.#count += 1;
    return activation;
  }

  /** Goes on where the table of a former epoch ended, which has the state of the very checkpoint that this one begins with. */
  succeed(former: StateTable): void {
    invariant(this.#count === 0 && this.#interval === 1, 'memory is kept before anything else is in it');
    this.#interval = former.#interval;
    this.#committedInterval = former.#committedInterval;
  }

  /**
   * Keeps the committed state of an activation of the table that this one succeeds, if it has not changed since that checkpoint
   * and is this worker's now. Nothing but that state: a new activation has it, without mailbox, message or instance.
   */
  keep(host: FunctionHost, key: string, former: Activation, keyGroups: KeyGroupRanges): void {
    if (!former.loaded || this.isUncommitted(former) || host.plan.hasExpiringValues) return;
    const kept = new Activation(host, key);
    if (!keyGroups.contains(this.keyGroup(kept))) return;
    const { fields } = host.plan;
    kept.committed = [...former.host.valuesOf(former)];
    kept.stamps = former.stamps;
    kept.cells = former.cells?.map((cell, index) =>
      cell?.handOver(this.#storageOf(kept, fields[index] as PlannedField)),
    );
    kept.exists = former.exists;
    kept.dirtyIn = former.dirtyIn;
    kept.recent = former.recent;
    kept.loaded = true;
    host.activations.set(key, kept);
    this.#count += 1;
  }

  /** For looking at an address without activating it: its activation, or a copy of what storage has. */
  async peek(host: FunctionHost, address: AnyAddress): Promise<Activation> {
    const live = host.activations.get(address.id);
    if (live?.loaded) return live;
    const copy = new Activation(host, address.id);
    await this.load(copy);
    return copy;
  }

  /** Puts the committed state in place: at once where it is known without waiting, else with a promise. */
  load(activation: Activation): undefined | Promise<void> {
    const found = this.segments.refs.length === 0 ? undefined : this.segments.find(this.#recordKey(activation));
    if (found instanceof Promise) return found.then((entry) => this.#restore(activation, entry));
    this.#restore(activation, found);
    return undefined;
  }

  /** Makes what an invocation did to the state of its address the committed state. Cannot fail. */
  commit(activation: Activation, envelope: Envelope, invocation: Invocation, changed: boolean): void {
    const { host } = activation;
    this.#touch(activation);
    if (changed) host.apply(activation, this.#interval, invocation, envelope);
    if (invocation.extras?.forgets !== true) return;
    host.forget(activation, this.shapes, (field) => this.#storageOf(activation, field));
    activation.exists = false;
  }

  /** Freezes what changed since the last cut. Constant time. */
  cut(): FrozenState {
    invariant(this.#frozen === undefined, 'one checkpoint at a time');
    this.#frozen = new FrozenState(this.#interval, this.#dirty, this);
    this.#dirty = new DirtyList();
    this.#interval += 1;
    return this.#frozen;
  }

  committed(): void {
    const frozen = this.#frozen;
    invariant(frozen !== undefined, 'a commit follows a cut');
    this.#committedInterval = frozen.interval;
    this.#frozen = undefined;
  }

  abandon(): void {
    const frozen = this.#frozen;
    this.#frozen = undefined;
    frozen?.giveBack();
    for (const activation of frozen?.activations ?? []) {
      if (activation.dirtyIn === this.#interval) continue;
      activation.dirtyIn = this.#interval;
      this.#dirty.push(activation, this.keyGroup(activation));
    }
  }

  /**
   * Drops activations that are idle, unchanged since the last committed checkpoint, and unused since the last sweep, until at
   * most `limit` are left. Those used since are spared once.
   *
   * A slice at a time: to look at a million takes long. Those that come meanwhile are left to the next sweep.
   */
  *passivate(hosts: Iterable<FunctionHost>, limit: number): Generator<void, void, undefined> {
    let left = this.#count;
    for (const host of hosts) {
      for (const [id, activation] of host.activations) {
        if (this.#count <= limit || left === 0) return;
        left -= 1;
        this.#passivate(host, id, activation);
        if (left > 0 && left % sweptPerSlice === 0) yield;
      }
    }
  }

  #passivate(host: FunctionHost, id: string, activation: Activation): void {
    if (activation.state !== 'idle' || !activation.loaded || this.isUncommitted(activation)) return;
    if (activation.recent) {
      activation.recent = false;
      for (const cell of activation.cells ?? []) {
        if (cell instanceof MapCell) cell.trim(this.#committedInterval);
        else cell?.trim();
      }
      return;
    }
    host.activations.delete(id);
    activation.state = 'dropped';
    activation.neighbour = undefined; // Or those that were dropped would keep each other in memory.
    host.figures.passivations += 1;
    this.#count -= 1;
  }

  keyGroup(activation: Activation): number {
    if (activation.keyGroup < 0) {
      const { key } = activation;
      activation.keyGroup = keyGroupOf(key, this.maxParallelism);
      if (surrogate.test(key)) this.#unusual.add(activation.keyGroup);
    }
    return activation.keyGroup;
  }

  readonly isUnusual = (keyGroup: number): boolean => this.#unusual.has(keyGroup);

  #touch(activation: Activation): void {
    const interval = this.#interval;
    if (activation.dirtyIn === interval) return;
    const frozen = this.#frozen;
    if (frozen !== undefined && activation.dirtyIn === frozen.interval)
      frozen.keep(activation, activation.host.found(activation));
    activation.dirtyIn = interval;
    this.#dirty.push(activation, this.keyGroup(activation));
  }

  #restore(activation: Activation, found: Entry | undefined): void {
    activation.host.restore(activation, found?.value, this.shapes, (field) => this.#storageOf(activation, field));
  }

  #recordKey(activation: Activation): Uint8Array {
    return recordKey(this.keyGroup(activation), activation.host.name, activation.key);
  }

  #storageOf(activation: Activation, field: PlannedField): CellStorage {
    const { segments } = this;
    const prefixOf = (generation: Uint8Array) => entryPrefix(this.#recordKey(activation), field.name, generation);
    return {
      async findEntry(generation, sub) {
        const found = await segments.find(entryKey(prefixOf(generation), sub));
        return found?.value === undefined ? undefined : { value: found.value, expiresAtMs: found.expiresAtMs };
      },
      async *scanEntries(generation) {
        const prefix = prefixOf(generation);
        for await (const { key, value, expiresAtMs } of segments.scan(prefix, prefixEnd(prefix))) {
          if (value !== undefined) yield { sub: key.subarray(prefix.length), value, expiresAtMs };
        }
      },
    };
  }
}

const surrogate = /[\ud800-\udfff]/;
