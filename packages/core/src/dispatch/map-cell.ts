import { decode, encode } from '../codec/codec.js';
import { invariant } from '../sdk/errors.js';
import type { MapBacking, MapKey } from '../sdk/persisted-map.js';
import { fromStored, type Stored, sameStored, toStored } from '../state/record.js';

/** Entries that stay in memory of a map that was not used as a whole; more are dropped once they are committed. */
const residentLimit = 4_096;

/** One entry as it is committed; `absent` for one that is known not to be there. */
interface MapEntry {
  readonly value: Stored;
  /** Application time; infinite without a time to live. */
  readonly expiresAtMs: number;
  /** The interval between two cuts in which it last changed; 0 for one that was loaded. */
  readonly changedIn: number;
}

const absent: unique symbol = Symbol('absent');

/** How a map reaches what is not in memory. */
export interface CellStorage {
  findEntry(generation: Uint8Array, sub: Uint8Array): Promise<StoredEntry | undefined>;
  scanEntries(generation: Uint8Array): AsyncIterable<{ sub: Uint8Array } & StoredEntry>;
}

export interface StoredEntry {
  readonly value: Uint8Array;
  readonly expiresAtMs: number | undefined;
}

/** One changed entry, to be stored. */
export interface CellChange {
  readonly generation: Uint8Array;
  readonly sub: Uint8Array;
  /** `undefined`: deleted. */
  readonly value: Uint8Array | undefined;
  readonly expiresAtMs: number | undefined;
}

/**
 * The committed entries of one persisted map: those in memory, and which of them the next checkpoint must store.
 *
 * All entries are stored under a generation. Clearing the map, or dropping the state of its address, begins a new one in
 * constant time; compaction drops what is left of the old.
 */
export class MapCell {
  generation: Uint8Array | undefined;
  /** Whether every entry there is, is in memory. */
  complete: boolean;
  #resident = new Map<MapKey, MapEntry>();
  #dirty = new Set<MapKey>();

  constructor(
    readonly storage: CellStorage,
    readonly ttlMs: number,
    readonly ttlOnRead: boolean,
    generation: Uint8Array | undefined,
  ) {
    this.generation = generation;
    this.complete = generation === undefined;
  }

  find(key: MapKey): MapEntry | undefined {
    return this.#resident.get(key);
  }

  keys(): IterableIterator<MapKey> {
    return this.#resident.keys();
  }

  /** Copies of the entries in memory that are there at this time. */
  present(nowMs: number): Map<MapKey, unknown> {
    const entries = new Map<MapKey, unknown>();
    for (const [key, entry] of this.#resident) if (isPresent(entry, nowMs)) entries.set(key, fromStored(entry.value));
    return entries;
  }

  get residentCount(): number {
    return this.#resident.size;
  }

  async load(key: MapKey): Promise<void> {
    const generation = this.generation;
    if (this.complete || generation === undefined || this.#resident.has(key)) return;
    // Memory knows one zero, as JavaScript's maps do; encoded there are two.
    const entry = await this.storage.findEntry(generation, encode(key === 0 ? 0 : key));
    if (this.generation !== generation || this.#resident.has(key)) return; // Changed while we waited: memory is newer.
    this.#resident.set(key, entry === undefined ? loadedAbsent : loadedEntry(entry));
  }

  async loadAll(): Promise<void> {
    const generation = this.generation;
    if (this.complete || generation === undefined) return;
    const loaded = new Map<MapKey, MapEntry>();
    for await (const entry of this.storage.scanEntries(generation)) {
      loaded.set(decode(entry.sub) as MapKey, loadedEntry(entry));
    }
    if (this.generation !== generation) return;
    for (const [key, entry] of loaded) if (!this.#resident.has(key)) this.#resident.set(key, entry);
    this.complete = true;
  }

  startGeneration(generation: Uint8Array): void {
    this.generation = generation;
    this.complete = true;
    this.#resident.clear();
    this.#dirty.clear();
  }

  put(key: MapKey, value: Stored, nowMs: number, interval: number): void {
    this.#resident.set(key, { value, expiresAtMs: nowMs + this.ttlMs, changedIn: interval });
    this.#dirty.add(key);
  }

  remove(key: MapKey, interval: number): void {
    this.#resident.set(key, { value: absent, expiresAtMs: Number.POSITIVE_INFINITY, changedIn: interval });
    this.#dirty.add(key);
  }

  /** Hands over what changed since it was last asked; `keys` is what `giveBack` takes. */
  takeChanges(): { keys: Set<MapKey>; changes: CellChange[] } {
    const keys = this.#dirty;
    this.#dirty = new Set();
    const changes: CellChange[] = [];
    for (const key of keys) {
      const entry = this.#resident.get(key) as MapEntry;
      changes.push({
        generation: this.generation as Uint8Array,
        sub: encode(key),
        value: entry.value === absent ? undefined : encode(entry.value),
        expiresAtMs: Number.isFinite(entry.expiresAtMs) ? entry.expiresAtMs : undefined,
      });
    }
    return { keys, changes };
  }

  /** The checkpoint that was to store these keys came to nothing: the next one must. */
  giveBack(keys: Set<MapKey>, generation: Uint8Array | undefined): void {
    if (generation === undefined || this.generation === undefined) return;
    if (Buffer.compare(generation, this.generation) !== 0) return; // A cleared generation needs no entries.
    for (const key of keys) this.#dirty.add(key);
  }

  /** Gives all that is in memory to a cell of a later epoch's worker. What a promise of this epoch still loads stays here. */
  handOver(storage: CellStorage): MapCell {
    invariant(this.#dirty.size === 0, 'only entries that are committed are handed over');
    const heir = new MapCell(storage, this.ttlMs, this.ttlOnRead, this.generation);
    heir.complete = this.complete;
    heir.#resident = this.#resident;
    this.#resident = new Map();
    return heir;
  }

  /** Drops entries from memory that storage has as of the committed `interval`. */
  trim(interval: number): void {
    if (this.#resident.size <= residentLimit) return;
    for (const [key, entry] of this.#resident) {
      if (entry.changedIn > interval || this.#dirty.has(key)) continue;
      this.#resident.delete(key);
      this.complete = false;
    }
  }
}

/** Whether an entry holds a value at this time. */
function isPresent(entry: MapEntry, nowMs: number): boolean {
  return entry.value !== absent && entry.expiresAtMs > nowMs;
}

const loadedAbsent: MapEntry = { value: absent, expiresAtMs: Number.POSITIVE_INFINITY, changedIn: 0 };

function loadedEntry(entry: StoredEntry): MapEntry {
  return { value: decode(entry.value), expiresAtMs: entry.expiresAtMs ?? Number.POSITIVE_INFINITY, changedIn: 0 };
}

/** What a map or list may ask of the invocation that uses it. */
export interface CellInvocation {
  now(): number;
  /** Rolls the invocation back to run again once `load` has resolved. Throws to leave the handler. */
  doom(load: () => Promise<void>): never;
}

/**
 * What one instance sees and does to a map: the committed entries under its own uncommitted ones.
 *
 * Belongs to an instance, not to the address: when a handler throws, the instance and this view are dropped together, and
 * whatever a left-over promise of that handler still writes here is never looked at.
 */
export class MapView implements MapBacking<MapKey, unknown> {
  readonly #cell: MapCell;
  readonly #invocation: () => CellInvocation;
  /** Values set, and objects handed out, in this invocation; `absent` for deleted ones. */
  #live = new Map<MapKey, unknown>();
  #staged: [MapKey, Stored][] = [];
  /** Keys set in this invocation, where setting the same value again prolongs a life. */
  readonly #written = new Set<MapKey>();
  #cleared = false;

  constructor(cell: MapCell, invocation: () => CellInvocation) {
    this.#cell = cell;
    this.#invocation = invocation;
  }

  get(key: MapKey): unknown {
    if (this.#live.has(key)) {
      const live = this.#live.get(key);
      return live === absent ? undefined : live;
    }
    if (this.#cleared) return undefined;
    const entry = this.#entry(key);
    if (entry === undefined || !isPresent(entry, this.#now())) return undefined;
    if (!(entry.value instanceof Uint8Array) && !this.#cell.ttlOnRead) return entry.value;
    const value = fromStored(entry.value);
    this.#live.set(key, value);
    return value;
  }

  has(key: MapKey): boolean {
    if (this.#live.has(key)) return this.#live.get(key) !== absent;
    if (this.#cleared) return false;
    const entry = this.#entry(key);
    return entry !== undefined && isPresent(entry, this.#now());
  }

  set(key: MapKey, value: unknown): void {
    this.#live.set(key, value);
    if (this.#cell.ttlMs !== Number.POSITIVE_INFINITY) this.#written.add(key);
  }

  delete(key: MapKey): void {
    this.#live.set(key, absent);
  }

  clear(): void {
    this.#live.clear();
    this.#cleared = true;
  }

  async load(keys?: Iterable<MapKey>): Promise<void> {
    if (this.#cleared) return;
    if (keys === undefined) return this.#cell.loadAll();
    for (const key of keys) await this.#cell.load(key);
  }

  *entries(): IterableIterator<[MapKey, unknown]> {
    if (!this.#cleared && !this.#cell.complete) this.#invocation().doom(() => this.#cell.loadAll());
    const keys = new Set(this.#cleared ? [] : this.#cell.keys());
    for (const key of this.#live.keys()) keys.add(key);
    for (const key of keys) if (this.has(key)) yield [key, this.get(key)];
  }

  /** First half of a commit: encodes what may have changed; a query's reading does not. @throws SF_UNSUPPORTED_VALUE, and then nothing has happened. */
  stage(isReadOnly: boolean): boolean {
    this.#staged.length = 0;
    const nowMs = this.#live.size > 0 ? this.#now() : 0;
    for (const [key, value] of this.#live) {
      const committed = this.#cleared ? undefined : this.#cell.find(key);
      if (value === absent) {
        if (this.#cleared || committed?.value === absent) continue;
        this.#staged.push([key, absent]);
        continue;
      }
      const stored = toStored(value);
      const same = committed !== undefined && isPresent(committed, nowMs) && sameStored(committed.value, stored);
      if (!same || (this.#cell.ttlOnRead && !isReadOnly) || this.#written.has(key)) this.#staged.push([key, stored]);
    }
    return this.#cleared || this.#staged.length > 0;
  }

  /** Second half: lets it take effect; cannot fail. Returns whether the generation, part of the record, is new. */
  apply(interval: number, newGeneration: () => Uint8Array): boolean {
    const startsAnew = this.#cleared || (this.#cell.generation === undefined && this.#staged.length > 0);
    if (startsAnew) this.#cell.startGeneration(newGeneration());
    const nowMs = this.#staged.length > 0 ? this.#now() : 0;
    for (const [key, stored] of this.#staged) {
      if (stored === absent) this.#cell.remove(key, interval);
      else this.#cell.put(key, stored, nowMs, interval);
    }
    this.settle();
    return startsAnew;
  }

  /** Forgets what the invocation saw: the next one starts from the committed entries. */
  settle(): void {
    this.#live.clear();
    this.#written.clear();
    this.#staged.length = 0;
    this.#cleared = false;
  }

  #now(): number {
    return this.#cell.ttlMs === Number.POSITIVE_INFINITY ? 0 : this.#invocation().now();
  }

  #entry(key: MapKey): MapEntry | undefined {
    const entry = this.#cell.find(key);
    if (entry === undefined && !this.#cell.complete) this.#invocation().doom(() => this.#cell.load(key));
    return entry;
  }
}
