import type { TtlOptions } from './state-field.js';

/**
 * One durable value that knows whether it was ever set: `@Persisted() readonly address = PersistedValue.of<string>()`.
 *
 * Outside of a function instance it is an ordinary holder, so a class can be tested without a runtime.
 */
export class PersistedValue<T> {
  #value: T | undefined;
  #isSet = false;
  #touched = false;
  #written = false;

  private constructor(
    /** @internal */
    readonly options: TtlOptions,
  ) {}

  static of<T>(options: TtlOptions = {}): PersistedValue<T> {
    return new PersistedValue<T>(options);
  }

  get isSet(): boolean {
    this.#touched = true;
    return this.#isSet;
  }

  get(): T | undefined {
    this.#touched = true;
    return this.#value;
  }

  getOrDefault(fallback: T): T {
    this.#touched = true;
    return this.#isSet ? (this.#value as T) : fallback;
  }

  set(value: T): void {
    this.#written = true;
    this.#value = value;
    this.#isSet = true;
  }

  /** Sets the value to what `change` makes of the present one, and returns it. */
  update(change: (value: T | undefined) => T): T {
    const next = change(this.#value);
    this.set(next);
    return next;
  }

  clear(): void {
    this.#written = true;
    this.#value = undefined;
    this.#isSet = false;
  }

  /** @internal What the runtime stores: the value alone when set, {@link unset} otherwise. */
  unload(): unknown {
    return this.#isSet ? this.#value : unset;
  }

  /** @internal Puts a stored value in place. */
  load(value: unknown): void {
    this.#isSet = value !== unset;
    this.#value = this.#isSet ? (value as T) : undefined;
    this.#touched = false;
    this.#written = false;
  }

  /** @internal Whether it was used in a way that keeps it alive since the last call. */
  takeUse(): boolean {
    const used = this.#written || (this.#touched && this.options.ttlAfter === 'read-or-write');
    this.#touched = false;
    this.#written = false;
    return used;
  }
}

/** @internal Stands for "never set" where a stored value is expected. */
export const unset: unique symbol = Symbol('unset');
