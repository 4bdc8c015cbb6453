import type { Logger } from './logger.js';
import type { Platform } from './platform.js';
import type { Position } from './position.js';

/**
 * Where messages come in: a file, a stream, a topic.
 *
 * The runtime opens one reader at a time, pulls batches from it as fast as it can take them, stores the position of the last
 * record it routed in every checkpoint, and after a failure opens a new reader at the position of the last committed one.
 * A reader that rejects is closed, and another opened behind the last record that was routed: after a tenth of a second, then after
 * longer and longer pauses, for about a minute. A `StatefulFunctionsError` says that it will not pass: then, as after that minute, the
 * worker ends.
 *
 * A source is exactly-once if reading again from a position yields the same records in the same order.
 *
 * Every implementation passes `ingressSourceConformance` of `@stateful-functions/core/testing`.
 */
export interface IngressSource<out T> {
  /**
   * Starts to read behind `position`; `undefined` means from the beginning the source was configured with.
   *
   * @throws a coded error when `position` no longer exists in the source.
   */
  open(position: Position | undefined, services: ConnectorServices): Promise<IngressReader<T>>;
}

export interface IngressReader<out T> {
  /**
   * The next records, at most `max`, in order. Waits while there are none; resolves `undefined` when the source has ended
   * for good, or when `close` was called. Never called again before it settled.
   */
  read(max: number): Promise<readonly IngressRecord<T>[] | undefined>;
  /**
   * Records up to and including `position` are in a committed checkpoint; the source may drop or acknowledge them. If it rejects, the
   * next checkpoint's position is the next that is told.
   */
  acknowledge?(position: Position): Promise<void>;
  /** How many records it knows to be there behind the last it has read; `undefined` if it cannot tell at present. */
  lag?(): number | undefined;
  /** Ends a waiting `read` and releases everything. Idempotent. */
  close(): Promise<void>;
}

/** One record, or what stands where a record should be but cannot be read. */
export type IngressRecord<T> =
  | { readonly position: Position; readonly value: T }
  | { readonly position: Position; readonly malformed: MalformedRecord };

/** A record that could not be decoded: goes to the dead letters and stops nothing. */
export interface MalformedRecord {
  /** Where it is, for people: `line 17`. */
  readonly where: string;
  readonly reason: string;
  /** The record as found, shortened if long. */
  readonly raw: string;
}

/** What the runtime lends to sources and sinks. */
export interface ConnectorServices {
  readonly platform: Platform;
  readonly logger: Logger;
}
