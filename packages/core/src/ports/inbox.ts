import type { IngressSource } from './ingress-source.js';

/**
 * A durable queue of an application, in which clients outside of its nodes leave messages.
 *
 * **Details**
 * - `put` resolves when the record is durable; it tries again by itself for a while. When it *rejects*, the outcome is unknown.
 * - A record whose id was put lately is taken for the same one, and is in the queue once. How long that is, the implementation says.
 * - Records of one client that were put one after another, each when the one before had resolved, come out in that order.
 */
export interface Inbox {
  /** @param id 32 hexadecimal digits, the same for each attempt to put this record */
  put(id: string, record: Uint8Array): Promise<void>;
  /** What the application reads: every record, as its `Uint8Array`, in order. */
  readonly source: IngressSource<Uint8Array>;
}
