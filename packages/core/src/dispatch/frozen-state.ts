import { nextTurn, type Scheduler } from '../ports/scheduler.js';
import type { MapKey } from '../sdk/persisted-map.js';
import { ByteBuffer } from '../state/byte-buffer.js';
import type { Entry } from '../state/entry.js';
import { appendRecordId, appendTypePrefix, entryKey, entryPrefix, recordKey } from '../state/key.js';
import { appendPlainRecord, encodeRecord, type Stored } from '../state/record.js';
import type { SegmentWriter } from '../state/segment-writer.js';
import type { ShapeTable } from '../state/shape.js';
import type { Activation } from './activation.js';
import type { PlannedField } from './field-plan.js';
import type { FunctionHost } from './function-host.js';
import { ListCell } from './list-cell.js';
import { type CellChange, MapCell } from './map-cell.js';

/** What encoding needs to know of the table that the state is from. */
export interface FrozenStateServices {
  readonly shapes: ShapeTable;
  readonly maxParallelism: number;
  readonly scheduler: Scheduler;
  keyGroup(activation: Activation): number;
  /** Whether ids of the key group do not sort as texts in the way they do as UTF-8. */
  isUnusual(keyGroup: number): boolean;
}

/** The changed state of one activation, encoded. */
interface EncodedActivation {
  readonly entries: Entry[];
  /** What to give back to its maps and lists should the checkpoint come to nothing. */
  readonly taken: { index: number; generation: Uint8Array | undefined; keys: Set<MapKey> | number }[];
}

/** Activations that have changed, each with its key group: asking them again for that would fetch each one from memory. */
export class DirtyList {
  readonly activations: Activation[] = [];
  readonly keyGroups: number[] = [];

  push(activation: Activation, keyGroup: number): void {
    this.activations.push(activation);
    this.keyGroups.push(keyGroup);
  }
}

/** Activations, and entries, handled between two turns of the event loop. */
const sliceSize = 256;
const entriesPerSlice = 1_024;
/** Numbers put in their place in the meantime. */
const placesPerSlice = 32_768;
/** Marks the record of an activation without state, a tombstone, in `frozenEnd`. */
const tombstone = -1;

/**
 * The state that one cut froze: the activations that had changed, encoded afterwards, a slice at a time.
 *
 * Invariant: what is written of an activation is its committed state as of the cut, or, if the checkpoint was asked for again
 * after one that came to nothing, a newer one. One that is about to change before its turn is kept at that moment (`keep`).
 *
 * **Details** Records of plain fields, of which there may be hundreds of thousands, go from the activation into the segment
 * by way of two buffers, and no object is made for one.
 */
export class FrozenState {
  /** Encoded before their turn; and those with maps or lists, whose changes may have to be given back. */
  readonly #encoded = new Map<Activation, EncodedActivation>();
  /** The records that were encoded before their turn, one behind the other; activations know where theirs is. */
  readonly #early = new ByteBuffer();
  /** The key of the record that is being written; it begins as all of its type and key group. */
  readonly #key = new ByteBuffer();
  #keyHost: FunctionHost | undefined;
  #keyGroup = -1;
  #prefixLength = 0;
  readonly #record = new ByteBuffer();

  /** What was read ahead, see `#readAhead`. */
  seen = 0;

  constructor(
    readonly interval: number,
    readonly dirty: DirtyList,
    readonly services: FrozenStateServices,
  ) {}

  get activations(): readonly Activation[] {
    return this.dirty.activations;
  }

  /**
   * Encodes an activation that is about to change before its turn.
   *
   * @param committed its state, if it is a simple one.
   */
  keep(activation: Activation, committed: readonly Stored[]): void {
    if (activation.encodedIn === this.interval) return;
    if (!activation.host.isSimple) {
      this.#encoded.set(activation, this.#encodeOnce(activation));
      return;
    }
    activation.encodedIn = this.interval;
    activation.frozenStart = this.#early.length;
    activation.frozenEnd = this.#appendRecord(this.#early, activation, committed);
  }

  /** Writes everything, in the order of keys. Yields to the event loop. */
  async write(into: SegmentWriter, before: (keyGroup: number) => void): Promise<void> {
    const { scheduler } = this.services;
    let group = -1;
    let count = 0;
    const { starts, places } = await this.#placeByKeyGroup();
    for (const activations of this.#byKeyGroup(starts, places)) {
      for (const activation of activations) {
        if (activation.keyGroup !== group) {
          group = activation.keyGroup;
          before(group);
        }
        if (activation.host.isSimple) this.#writeRecord(into, activation);
        else await this.#writeEntries(into, activation);
        if (++count % sliceSize === 0) await nextTurn(scheduler);
      }
    }
  }

  /** The checkpoint came to nothing: maps and lists have the changes again that were taken from them. */
  giveBack(): void {
    for (const [activation, { taken }] of this.#encoded) {
      for (const { index, generation, keys } of taken) {
        const cell = activation.cells?.[index];
        if (cell instanceof MapCell) cell.giveBack(keys as Set<MapKey>, generation);
        else cell?.giveBack(keys as number, generation);
      }
    }
  }

  /** A counting sort: `places` lists the dirty activations by key group, whose first is at `starts`. Yields to the event loop. */
  async #placeByKeyGroup(): Promise<{ starts: Uint32Array; places: Uint32Array }> {
    const { maxParallelism, scheduler } = this.services;
    const { keyGroups } = this.dirty;
    const starts = new Uint32Array(maxParallelism + 1);
    for (let index = 0; index < keyGroups.length; index += 1) {
      const group = keyGroups[index] as number;
      starts[group + 1] = (starts[group + 1] as number) + 1;
      if (index % placesPerSlice === placesPerSlice - 1) await nextTurn(scheduler);
    }
    for (let group = 0; group < maxParallelism; group += 1) {
      starts[group + 1] = (starts[group + 1] as number) + (starts[group] as number);
    }
    const places = new Uint32Array(keyGroups.length);
    const next = starts.slice();
    for (let index = 0; index < keyGroups.length; index += 1) {
      const group = keyGroups[index] as number;
      const place = next[group] as number;
      next[group] = place + 1;
      places[place] = index;
      if (index % placesPerSlice === placesPerSlice - 1) await nextTurn(scheduler);
    }
    return { starts, places };
  }

  /** The activations of one key group after the other, sorted. */
  *#byKeyGroup(starts: Uint32Array, places: Uint32Array): Generator<Activation[]> {
    const { maxParallelism, isUnusual } = this.services;
    const { activations } = this.dirty;
    for (let group = 0; group < maxParallelism; group += 1) {
      const from = starts[group] as number;
      const to = starts[group + 1] as number;
      if (from === to) continue;
      const members: Activation[] = [];
      for (let place = from; place < to; place += 1) members.push(activations[places[place] as number] as Activation);
      this.#readAhead(members);
      yield members.sort(isUnusual(group) ? byAddressBytes : byAddress);
    }
  }

  /**
   * Reads what encoding the activations needs of each, so that these reads wait for memory together: see `LookAhead`, which does
   * the same for messages. With so many activations, none of it is in the processor's cache.
   */
  #readAhead(activations: readonly Activation[]): void {
    let seen = 0;
    for (const activation of activations) seen += activation.dirtyIn;
    // What an object is told by is in its first word.
    for (const { instance, key } of activations) seen += key.length + (typeof instance === 'function' ? 1 : 0);
    this.seen = seen | 0;
  }

  #writeRecord(into: SegmentWriter, activation: Activation): void {
    const { host, keyGroup, key: id } = activation;
    const key = this.#key;
    if (host !== this.#keyHost || keyGroup !== this.#keyGroup) {
      key.length = 0;
      appendTypePrefix(key, keyGroup, host.name);
      this.#prefixLength = key.length;
      this.#keyHost = host;
      this.#keyGroup = keyGroup;
    }
    key.length = this.#prefixLength;
    appendRecordId(key, id);
    let from = this.#early;
    let { frozenStart: start, frozenEnd: end } = activation;
    if (activation.encodedIn !== this.interval) {
      activation.encodedIn = this.interval;
      from = this.#record;
      from.length = 0;
      start = 0;
      end = this.#appendRecord(from, activation, host.valuesOf(activation));
    }
    if (end === tombstone) into.appendRecord(key.bytes, key.length, undefined, 0, 0);
    else into.appendRecord(key.bytes, key.length, from.bytes, start, end);
  }

  /** Appends the record of a simple plan; where it ends, or `tombstone`. */
  #appendRecord(into: ByteBuffer, activation: Activation, committed: readonly Stored[]): number {
    if (!activation.exists) return tombstone;
    const { shape } = activation.host.plan;
    appendPlainRecord(into, this.services.shapes.numberOf(shape), shape, committed);
    return into.length;
  }

  async #writeEntries(into: SegmentWriter, activation: Activation): Promise<void> {
    const { entries } = this.#encodeOnce(activation);
    entries.sort(byKey);
    for (let index = 0; index < entries.length; index += 1) {
      into.add(entries[index] as Entry);
      if (index % entriesPerSlice === entriesPerSlice - 1) await nextTurn(this.services.scheduler);
    }
  }

  #encodeOnce(activation: Activation): EncodedActivation {
    if (activation.encodedIn === this.interval) return this.#encoded.get(activation) ?? nothing;
    activation.encodedIn = this.interval;
    const encoded = this.#encode(activation);
    if (encoded.taken.length > 0) this.#encoded.set(activation, encoded);
    return encoded;
  }

  #encode(activation: Activation): EncodedActivation {
    const { host, cells } = activation;
    const key = recordKey(this.services.keyGroup(activation), host.name, activation.key);
    // A tombstone even when storage has no record: an abandoned checkpoint may have written one that another names.
    if (!activation.exists) return { entries: [{ key, value: undefined }], taken: [] };
    const { shape, fields } = host.plan;
    const record = encodeRecord(this.services.shapes.numberOf(shape), shape, host.recordFields(activation));
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
}

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
  return a.key < b.key ? -1 : 1;
}

function byAddressBytes(a: Activation, b: Activation): number {
  if (a.host !== b.host) return byAddress(a, b);
  return Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));
}

function byKey(a: Entry, b: Entry): number {
  return Buffer.compare(a.key, b.key);
}
