import { decode, encode } from '../codec/codec.js';
import { invariant } from '../sdk/errors.js';

/** A checkpoint that exists: its id, and the place of its manifest in the log. */
export interface Committed {
  readonly checkpoint: number;
  readonly index: number;
}

/**
 * The mark in a channel that separates what was sent before a cut from what was sent after it.
 *
 * Source: Chandy & Lamport, "Distributed Snapshots", 1985, where it is called a marker.
 */
export interface Barrier {
  readonly checkpoint: number;
  /**
   * The last checkpoint that exists, as the sender knew at its cut. A worker that a barrier makes cut may not have heard of
   * it, and what it has set aside for the last checkpoint is either safe by then or goes into this one.
   */
  readonly lastCommitted: Committed | undefined;
}

export function encodeBarrier({ checkpoint, lastCommitted }: Barrier): Uint8Array {
  return encode([checkpoint, lastCommitted?.checkpoint, lastCommitted?.index], 'barrier');
}

/** @throws SF_DAMAGED */
export function decodeBarrier(bytes: Uint8Array): Barrier {
  const [checkpoint, committed, index] = decode(bytes) as readonly (number | undefined)[];
  invariant(checkpoint !== undefined, 'a barrier names its checkpoint');
  if (committed === undefined || index === undefined) return { checkpoint, lastCommitted: undefined };
  return { checkpoint, lastCommitted: { checkpoint: committed, index } };
}
