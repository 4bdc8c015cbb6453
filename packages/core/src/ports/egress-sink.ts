import type { ConnectorServices } from './ingress-source.js';
import type { Position } from './position.js';

/**
 * Where messages go out.
 *
 * The runtime publishes the records of a checkpoint only once that checkpoint is committed, in order, one batch at a time,
 * and publishes a batch again, with the same ids and in the same order, when it does not know that it got through.
 * A sink shows each record exactly once if it either drops ids it has seen, or truncates to the position it is opened at.
 * A sink that does neither is at-least-once, and its documentation says so.
 *
 * **Details** A sink whose `publish` rejects is closed, opened at its last known position and given the batch again: after a tenth of a
 * second, then after longer and longer pauses, for about a minute. A `StatefulFunctionsError` says that it will not pass: then, as
 * after that minute, the worker ends.
 *
 * Every implementation passes `egressSinkConformance` of `@stateful-functions/core/testing`.
 */
export interface EgressSink<in T> {
  /**
   * Called before `publish`: once, and again after a failure. `position` is what the last batch known to be published resolved with, or `undefined` on
   * the first start. Whatever the medium holds behind that position was published without being known, and comes again.
   * Resolves with the position it starts from.
   */
  open(position: Position | undefined, services: ConnectorServices): Promise<Position>;
  /** Publishes a batch; resolves, with the position behind it, only when all of it is durable in the medium. */
  publish(records: readonly EgressRecord<T>[]): Promise<Position>;
  close(): Promise<void>;
}

export interface EgressRecord<out T> {
  /** Unique and the same at every attempt, across recoveries: the key to deduplicate by. */
  readonly id: string;
  readonly value: T;
  readonly headers: Readonly<Record<string, string>>;
}
