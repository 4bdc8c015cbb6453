import { StatefulFunctionsError } from './errors.js';
import type { TtlOptions } from './state-field.js';

/** What keys of a persisted map can be. */
export type MapKey = string | number | bigint | boolean;

/**
 * A durable map whose entries are loaded and stored one by one: it may be far larger than memory.
 *
 * **Details**
 * Reading an entry that is not in memory cannot wait, since handlers may be synchronous: the invocation is rolled back, the
 * entry is loaded, and the handler runs again (not counted as a retry). `await map.load(keys)` before reading avoids that.
 * Iterating with `for` needs the whole map in memory and works the same way; `for await` loads it first.
 */
export class PersistedMap<K extends MapKey, V> {
  #backing: MapBacking<K, V> | undefined;

  private constructor(
    /** @internal */
    readonly options: TtlOptions,
  ) {}

  static of<K extends MapKey, V>(options: TtlOptions = {}): PersistedMap<K, V> {
    return new PersistedMap<K, V>(options);
  }

  get(key: K): V | undefined {
    return this.#bound.get(key);
  }

  has(key: K): boolean {
    return this.#bound.has(key);
  }

  set(key: K, value: V): this {
    this.#bound.set(key, value);
    return this;
  }

  /** Sets the entry to what `change` makes of the present one, and returns it. */
  update(key: K, change: (value: V | undefined) => V): V {
    const next = change(this.#bound.get(key));
    this.#bound.set(key, next);
    return next;
  }

  delete(key: K): void {
    this.#bound.delete(key);
  }

  clear(): void {
    this.#bound.clear();
  }

  /** Brings entries into memory; all of them without an argument. */
  load(keys?: Iterable<K>): Promise<void> {
    return this.#bound.load(keys);
  }

  /** Entries in no particular order. */
  entries(): IterableIterator<[K, V]> {
    return this.#bound.entries();
  }

  *keys(): IterableIterator<K> {
    for (const [key] of this.#bound.entries()) yield key;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.#bound.entries()) yield value;
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#bound.entries();
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<[K, V]> {
    await this.#bound.load();
    yield* this.#bound.entries();
  }

  /** @internal Connects the map to the entries of an activation. */
  bind(backing: MapBacking<K, V>): void {
    this.#backing = backing;
  }

  get #bound(): MapBacking<K, V> {
    if (this.#backing !== undefined) return this.#backing;
    throw new StatefulFunctionsError(
      'SF_UNBOUND_STATE',
      'a PersistedMap has entries only inside a running function. Use FunctionHarness to test a class, and mark the field @Persisted().',
    );
  }
}

/** @internal What the runtime gives a persisted map to work on. */
export interface MapBacking<K, V> {
  get(key: K): V | undefined;
  has(key: K): boolean;
  set(key: K, value: V): void;
  delete(key: K): void;
  clear(): void;
  load(keys?: Iterable<K>): Promise<void>;
  entries(): IterableIterator<[K, V]>;
}
