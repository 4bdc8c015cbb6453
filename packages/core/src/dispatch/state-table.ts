import { nextTurn, type Scheduler } from '../ports/scheduler.js';
import type { AnyAddress } from '../sdk/address.js';
import { invariant } from '../sdk/errors.js';
import type { MapKey } from '../sdk/persisted-map.js';
import { entryKey, entryPrefix, prefixEnd, recordKey } from '../state/key.js';
import { keyGroupOf } from '../state/key-group.js';
import { encodePlainRecord, encodeRecord } from '../state/record.js';
import type { Entry, SegmentSet } from '../state/segment-set.js';
import type { ShapeTable } from '../state/shape.js';
import { Activation } from './activation.js';
import type { Envelope } from './envelope.js';
import type { PlannedField } from './field-plan.js';
import type { FunctionHost } from './function-host.js';
import type { Invocation } from './invocation.js';
import { ListCell } from './list-cell.js';
import { type CellChange, type CellStorage, MapCell } from './map-cell.js';

/** The changed state of one activation, encoded. */
interface EncodedActivation {
  readonly entries: Entry[];
  /** What to give back to its maps and lists should the checkpoint come to nothing. */
  readonly taken: { index: number; generation: Uint8Array | undefined; keys: Set<MapKey> | number }[];
}

/** The state that one cut froze. */
export interface FrozenState {
  readonly interval: number;
  readonly activations: Activation[];
  /** Encoded before their turn, since they changed again; and those with maps or lists, whose changes may be given back. */
  readonly encoded: Map<Activation, EncodedActivation>;
}

/**
 * The activations of a worker and what of their state the next checkpoint must hold.
 *
 * Time is divided into intervals by cuts. An activation is dirty in the interval in which it last changed. A cut only starts
 * the next interval and keeps the list of those that were dirty; they are encoded afterwards, a slice at a time, and one that
 * is about to change before its turn is encoded at that moment. If the checkpoint is abandoned, they are dirty again, and the
 * state they hold by then is what the next one stores: the newest wins.
 *
 * Invariant: only an activation whose last change is in a committed checkpoint is dropped from memory.
 */
export class StateTable {
  #interval = 1;
  #committedInterval = 0;
  #dirty: Activation[] = [];
  #frozen: FrozenState | undefined;
  #count = 0;

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
    return this.#dirty.length > 0;
  }

  /** Whether this address has changed since the last committed checkpoint. */
  isUncommitted(activation: Activation): boolean {
    return activation.dirtyIn > this.#committedInterval;
  }

  /** A new activation; its state is in place unless storage has to be asked, see `load`. */
  activate(host: FunctionHost, address: AnyAddress): Activation {
    const activation = new Activation(host, address);
    host.activations.set(address.id, activation);
    this.#count += 1;
    if (this.segments.refs.length === 0) {
      this.#restore(activation, undefined);
      return activation;
    }
    const found = this.segments.find(this.#recordKey(activation));
    if (!(found instanceof Promise)) this.#restore(activation, found);
    else found.catch(() => undefined); // `load` asks again, and tells its caller.
    return activation;
  }

  /** For looking at an address without activating it: its activation, or a copy of what storage has. */
  async peek(host: FunctionHost, address: AnyAddress): Promise<Activation> {
    const live = host.activations.get(address.id);
    if (live?.loaded) return live;
    const copy = new Activation(host, address);
    await this.load(copy);
    return copy;
  }

  async load(activation: Activation): Promise<void> {
    const found = await this.segments.find(this.#recordKey(activation));
    if (!activation.loaded) this.#restore(activation, found);
  }

  /** Makes what an invocation did to the state of its address the committed state. Cannot fail. */
  commit(activation: Activation, envelope: Envelope, invocation: Invocation, changed: boolean): void {
    this.#touch(activation);
    const { host } = activation;
    if (changed) host.apply(activation, this.#interval, invocation, envelope);
    if (invocation.extras?.forgets !== true) return;
    host.forget(activation, this.shapes, (field) => this.#storageOf(activation, field));
    activation.exists = false;
  }

  /** Freezes what changed since the last cut. Constant time. */
  cut(): FrozenState {
    invariant(this.#frozen === undefined, 'one checkpoint at a time');
    this.#frozen = { interval: this.#interval, activations: this.#dirty, encoded: new Map() };
    this.#dirty = [];
    this.#interval += 1;
    return this.#frozen;
  }

  /** Encodes what a cut froze, by key group: sorted entries of one key group at a time. Yields to the event loop. */
  async *encode(frozen: FrozenState): AsyncGenerator<{ keyGroup: number; entries: Entry[] }> {
    const groups = new Map<number, Activation[]>();
    const unusual = new Set<number>();
    let count = 0;
    for (const activation of frozen.activations) {
      const group = this.keyGroup(activation);
      const list = groups.get(group);
      if (list === undefined) groups.set(group, [activation]);
      else list.push(activation);
      if (surrogate.test(activation.address.id)) unusual.add(group);
      if (++count % sliceSize === 0) await nextTurn(this.scheduler);
    }
    for (const keyGroup of [...groups.keys()].sort((a, b) => a - b)) {
      const entries: Entry[] = [];
      const order = unusual.has(keyGroup) ? byAddressBytes : byAddress;
      for (const activation of (groups.get(keyGroup) as Activation[]).sort(order)) {
        if (activation.host.plan.isSimple) {
          entries.push({ key: this.#recordKey(activation), value: this.#takeRecord(frozen, activation) });
        } else {
          const encoded = this.#encodeOnce(frozen, activation);
          for (const entry of encoded.entries.sort(byKey)) entries.push(entry);
        }
        if (++count % sliceSize === 0) await nextTurn(this.scheduler);
      }
      yield { keyGroup, entries };
    }
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
    for (const activation of frozen?.activations ?? []) {
      const encoded = frozen?.encoded.get(activation);
      for (const { index, generation, keys } of encoded?.taken ?? []) {
        const cell = activation.cells?.[index];
        if (cell instanceof MapCell) cell.giveBack(keys as Set<MapKey>, generation);
        else cell?.giveBack(keys as number, generation);
      }
      if (activation.dirtyIn === this.#interval) continue;
      activation.dirtyIn = this.#interval;
      this.#dirty.push(activation);
    }
  }

  /**
   * Drops activations that are idle, unchanged since the last committed checkpoint, and unused since the last sweep, until at
   * most `limit` are left. Those used since are spared once.
   *
   * @returns how many were dropped.
   */
  passivate(hosts: Iterable<FunctionHost>, limit: number): number {
    let dropped = 0;
    if (this.#count <= limit) return 0;
    for (const host of hosts) {
      for (const [id, activation] of host.activations) {
        if (this.#count <= limit) return dropped;
        if (activation.state !== 'idle' || !activation.loaded || this.isUncommitted(activation)) continue;
        if (activation.recent) {
          activation.recent = false;
          for (const cell of activation.cells ?? []) {
            if (cell instanceof MapCell) cell.trim(this.#committedInterval);
            else cell?.trim();
          }
          continue;
        }
        host.activations.delete(id);
        this.#count -= 1;
        dropped += 1;
      }
    }
    return dropped;
  }

  keyGroup(activation: Activation): number {
    if (activation.keyGroup < 0) activation.keyGroup = keyGroupOf(activation.address.id, this.maxParallelism);
    return activation.keyGroup;
  }

  #touch(activation: Activation): void {
    const interval = this.#interval;
    if (activation.dirtyIn === interval) return;
    const frozen = this.#frozen;
    if (frozen !== undefined && activation.dirtyIn === frozen.interval) this.#encodeEarly(frozen, activation);
    activation.dirtyIn = interval;
    this.#dirty.push(activation);
  }

  /** An activation that a cut froze is about to change before its turn. */
  #encodeEarly(frozen: FrozenState, activation: Activation): void {
    if (activation.encodedIn === frozen.interval) return;
    if (!activation.host.plan.isSimple) {
      frozen.encoded.set(activation, this.#encodeOnce(frozen, activation));
      return;
    }
    activation.encodedIn = frozen.interval;
    activation.frozenRecord = this.#plainRecord(activation);
  }

  /** The record of an activation with a simple plan as of the cut. */
  #takeRecord(frozen: FrozenState, activation: Activation): Uint8Array | undefined {
    const early = activation.frozenRecord;
    activation.frozenRecord = undefined;
    if (activation.encodedIn === frozen.interval) return early;
    activation.encodedIn = frozen.interval;
    return this.#plainRecord(activation);
  }

  /** `undefined` for no state: a tombstone. */
  #plainRecord(activation: Activation): Uint8Array | undefined {
    if (!activation.exists) return undefined;
    const { shape } = activation.host.plan;
    return encodePlainRecord(this.shapes.indexOf(shape), shape, activation.committed);
  }

  #encodeOnce(frozen: FrozenState, activation: Activation): EncodedActivation {
    if (activation.encodedIn === frozen.interval) return frozen.encoded.get(activation) ?? nothing;
    activation.encodedIn = frozen.interval;
    const encoded = this.#encodeActivation(activation);
    if (encoded.taken.length > 0) frozen.encoded.set(activation, encoded);
    return encoded;
  }

  #encodeActivation(activation: Activation): EncodedActivation {
    const { host, cells } = activation;
    const key = this.#recordKey(activation);
    // A tombstone even when storage has no record: an abandoned checkpoint may have written one that another names.
    if (!activation.exists) return { entries: [{ key, value: undefined }], taken: [] };
    const { shape, fields } = host.plan;
    const record = encodeRecord(this.shapes.indexOf(shape), shape, host.recordFields(activation));
    const entries: Entry[] = [{ key, value: record }];
    const taken: EncodedActivation['taken'] = [];
    for (let index = 0; index < (cells?.length ?? 0); index += 1) {
      const cell = cells?.[index];
      if (cell === undefined) continue;
      const { name } = fields[index] as PlannedField;
      const { generation } = cell;
      if (cell instanceof MapCell) {
        const { keys, changes } = cell.takeChanges();
        taken.push({ index, generation, keys });
        for (const change of changes) entries.push(entryOf(key, name, change));
      } else if (cell instanceof ListCell) {
        const { from, changes } = cell.takeChanges();
        taken.push({ index, generation, keys: from });
        for (const change of changes) entries.push(entryOf(key, name, change));
      }
    }
    return { entries, taken };
  }

  #restore(activation: Activation, found: Entry | undefined): void {
    activation.host.restore(activation, found?.value, this.shapes, (field) => this.#storageOf(activation, field));
  }

  #recordKey(activation: Activation): Uint8Array {
    return recordKey(this.keyGroup(activation), activation.host.name, activation.address.id);
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

/** Activations handled between two turns of the event loop while a checkpoint is encoded. */
const sliceSize = 256;

const nothing: EncodedActivation = { entries: [], taken: [] };

function entryOf(key: Uint8Array, field: string, change: CellChange): Entry {
  const entry: Entry = { key: entryKey(entryPrefix(key, field, change.generation), change.sub), value: change.value };
  return change.expiresAtMs === undefined ? entry : { ...entry, expiresAtMs: change.expiresAtMs };
}

/**
 * The order of their record keys, which is that of type and id in UTF-8. UTF-16, as texts compare, differs from it only where
 * there are surrogates.
 */
function byAddress(a: Activation, b: Activation): number {
  if (a.host !== b.host) return a.host.name < b.host.name ? -1 : 1;
  return a.address.id < b.address.id ? -1 : 1;
}

function byAddressBytes(a: Activation, b: Activation): number {
  if (a.host !== b.host) return byAddress(a, b);
  return Buffer.compare(Buffer.from(a.address.id), Buffer.from(b.address.id));
}

const surrogate = /[\ud800-\udfff]/;

function byKey(a: Entry, b: Entry): number {
  return Buffer.compare(a.key, b.key);
}
