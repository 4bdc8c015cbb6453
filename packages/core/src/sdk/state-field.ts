import type { Duration } from './duration.js';
import type { Schema } from './schema.js';

/** How a persisted field is stored; what `@Persisted` takes. */
export interface PersistedOptions<T = unknown> {
  /** The stored name; the property's own by default. Set it before renaming the property. */
  readonly name?: string;
  /** Checked when the field is loaded (after `migrate`) and before it is stored. Synchronous. */
  readonly schema?: Schema;
  /** The version of the stored form; 1 by default. */
  readonly version?: number;
  /** Turns a value that was stored under an older version into one of today's. Runs when the field is first loaded. */
  readonly migrate?: (stored: unknown, version: number) => T;
  /** Time to live of a plain field, after its last write; when it has passed, the initializer's value is back. */
  readonly ttl?: Duration;
}

/** Time to live of a persisted value, map or list. */
export interface TtlOptions {
  readonly ttl?: Duration;
  /** What keeps it alive: writing (the default), or reading as well. */
  readonly ttlAfter?: 'write' | 'read-or-write';
}

/** One persisted field of a function class, as its decorator declared it. */
export interface StateFieldSpec {
  readonly property: string;
  readonly name: string;
  readonly options: PersistedOptions;
}

/** The four kinds of persisted fields; which one a field is shows in its initial value. */
export type StateFieldKind = 'plain' | 'value' | 'map' | 'list';
