import { decode, encode } from '../codec/codec.js';
import { invariant } from '../sdk/errors.js';
import type { ListBacking } from '../sdk/persisted-list.js';
import { fromStored, type Stored, toStored } from '../state/record.js';
import type { CellChange, CellInvocation, CellStorage } from './map-cell.js';

/**
 * The committed elements of one persisted list. Elements are stored one by one under their index, so that appending writes
 * only what was appended and needs nothing in memory.
 */
export class ListCell {
  generation: Uint8Array | undefined;
  length: number;
  stampMs: number;
  complete: boolean;
  /** Elements in memory, by index; all of them when complete. */
  #elements = new Map<number, Stored>();
  #dirtyFrom: number;

  constructor(
    readonly storage: CellStorage,
    readonly ttlMs: number,
    readonly ttlOnRead: boolean,
    stored: { generation: Uint8Array | undefined; length: number; stampMs: number },
  ) {
    this.generation = stored.generation;
    this.length = stored.length;
    this.stampMs = stored.stampMs;
    this.complete = stored.length === 0;
    this.#dirtyFrom = stored.length;
  }

  async loadAll(): Promise<void> {
    const generation = this.generation;
    if (this.complete || generation === undefined) return;
    const loaded: [number, Stored][] = [];
    for await (const { sub, value } of this.storage.scanEntries(generation)) {
      loaded.push([Number(Buffer.from(sub).readBigUInt64BE()), decode(value)]);
    }
    if (this.generation !== generation) return;
    for (const [index, value] of loaded) if (!this.#elements.has(index)) this.#elements.set(index, value);
    this.complete = true;
  }

  values(): unknown[] {
    return Array.from({ length: this.length }, (_, index) => fromStored(this.#elements.get(index)));
  }

  startGeneration(generation: Uint8Array): void {
    this.generation = generation;
    this.length = 0;
    this.complete = true;
    this.#elements.clear();
    this.#dirtyFrom = 0;
  }

  append(value: Stored): void {
    this.#elements.set(this.length, value);
    this.length += 1;
  }

  takeChanges(): { from: number; changes: CellChange[] } {
    const from = this.#dirtyFrom;
    const changes: CellChange[] = [];
    for (let index = from; index < this.length; index += 1) {
      const sub = Buffer.alloc(8);
      sub.writeBigUInt64BE(BigInt(index));
      const value = encode(this.#elements.get(index));
      changes.push({ generation: this.generation as Uint8Array, sub, value, expiresAtMs: undefined });
    }
    this.#dirtyFrom = this.length;
    return { from, changes };
  }

  giveBack(from: number, generation: Uint8Array | undefined): void {
    if (generation === undefined || this.generation === undefined) return;
    if (Buffer.compare(generation, this.generation) === 0) this.#dirtyFrom = Math.min(this.#dirtyFrom, from);
  }

  /** As `MapCell.handOver`. */
  handOver(storage: CellStorage): ListCell {
    invariant(this.#dirtyFrom === this.length, 'only elements that are committed are handed over');
    const heir = new ListCell(storage, this.ttlMs, this.ttlOnRead, this);
    heir.complete = this.complete;
    heir.#elements = this.#elements;
    this.#elements = new Map();
    return heir;
  }

  /** Drops from memory what the last committed checkpoint holds; called only when nothing changed since its cut. */
  trim(): void {
    if (this.complete && this.length <= 4_096) return;
    this.#elements.clear();
    this.complete = this.length === 0;
  }
}

/** What one instance sees and does to a list; see `MapView`. */
export class ListView implements ListBacking<unknown> {
  readonly #cell: ListCell;
  readonly #invocation: () => CellInvocation;
  #appended: unknown[] = [];
  #staged: Stored[] = [];
  #cleared = false;
  #read = false;

  constructor(cell: ListCell, invocation: () => CellInvocation) {
    this.#cell = cell;
    this.#invocation = invocation;
  }

  get length(): number {
    return (this.#hidesCommitted() ? 0 : this.#cell.length) + this.#appended.length;
  }

  append(value: unknown): void {
    if (this.#hidesCommitted()) this.#cleared = true;
    this.#appended.push(value);
  }

  view(): readonly unknown[] {
    // What has expired is not brought back by a look at it.
    if (this.#hidesCommitted()) return [...this.#appended];
    this.#read = true;
    if (!this.#cell.complete) this.#invocation().doom(() => this.#cell.loadAll());
    return [...this.#cell.values(), ...this.#appended];
  }

  clear(): void {
    this.#appended = [];
    this.#cleared = true;
  }

  load(): Promise<void> {
    return this.#cell.loadAll();
  }

  stage(isReadOnly: boolean): boolean {
    if (isReadOnly) this.#read = false;
    this.#staged = this.#appended.map(toStored);
    return this.#cleared || this.#staged.length > 0 || this.#refreshes();
  }

  /** Returns true: length and time of writing are part of the record. */
  apply(_interval: number, newGeneration: () => Uint8Array): boolean {
    const changed = this.#cleared || this.#staged.length > 0 || this.#refreshes();
    if (this.#cleared || (this.#cell.generation === undefined && changed)) this.#cell.startGeneration(newGeneration());
    for (const value of this.#staged) this.#cell.append(value);
    if (changed && this.#cell.ttlMs !== Number.POSITIVE_INFINITY) this.#cell.stampMs = this.#invocation().now();
    this.settle();
    return changed;
  }

  settle(): void {
    this.#appended = [];
    this.#staged = [];
    this.#cleared = false;
    this.#read = false;
  }

  #refreshes(): boolean {
    return this.#read && this.#cell.ttlOnRead && this.#cell.length > 0;
  }

  #hidesCommitted(): boolean {
    if (this.#cleared) return true;
    if (this.#cell.ttlMs === Number.POSITIVE_INFINITY || this.#cell.length === 0) return false;
    return this.#cell.stampMs + this.#cell.ttlMs <= this.#invocation().now();
  }
}
