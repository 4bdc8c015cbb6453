import { StatefulFunctionsError } from './errors.js';
import type { TtlOptions } from './state-field.js';

/**
 * A durable list that is cheap to append to: only what was appended is stored, and appending loads nothing.
 *
 * Reading it needs all of it in memory; as with `PersistedMap`, a handler that reads too early runs again.
 */
export class PersistedList<T> {
  #backing: ListBacking<T> | undefined;

  private constructor(
    /** @internal */
    readonly options: TtlOptions,
  ) {}

  static of<T>(options: TtlOptions = {}): PersistedList<T> {
    return new PersistedList<T>(options);
  }

  get length(): number {
    return this.#bound.length;
  }

  append(...values: T[]): void {
    for (const value of values) this.#bound.append(value);
  }

  /** The values, oldest first, as a new array of copies. To change the list, use `replaceWith`. */
  view(): readonly T[] {
    return this.#bound.view();
  }

  replaceWith(values: Iterable<T>): void {
    this.#bound.clear();
    for (const value of values) this.#bound.append(value);
  }

  clear(): void {
    this.#bound.clear();
  }

  /** Brings the list into memory. */
  load(): Promise<void> {
    return this.#bound.load();
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#bound.view()[Symbol.iterator]();
  }

  /** @internal Connects the list to the elements of an activation. */
  bind(backing: ListBacking<T>): void {
    this.#backing = backing;
  }

  get #bound(): ListBacking<T> {
    if (this.#backing !== undefined) return this.#backing;
    throw new StatefulFunctionsError(
      'SF_UNBOUND_STATE',
      'a PersistedList has elements only inside a running function. Use FunctionHarness to test a class, and mark the field @Persisted().',
    );
  }
}

/** @internal What the runtime gives a persisted list to work on. */
export interface ListBacking<T> {
  readonly length: number;
  append(value: T): void;
  view(): readonly T[];
  clear(): void;
  load(): Promise<void>;
}
