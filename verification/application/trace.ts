import { Egress } from '@stateful-functions/core';

/**
 * What every invocation lets out, and says of itself. The records are what remains to be seen of the order in which things
 * happened, so each says where it stands among others.
 */
export interface Trace {
  /** Unique, and foretold. */
  readonly id: string;
  /** The address that writes it. */
  readonly by: string;
  /** Its number among what this address writes to this egress. */
  readonly sequence: number;
  /** The number of the invocation among those of this address. */
  readonly visit: number;
  /** Who sent the message: an address, or an ingress. Left out for clients. */
  readonly from?: string;
  /** The number of the message among those from its sender to this address; left out where their order is not certain. */
  readonly pair?: number;
  /** When a timer was due, and what time it was when its message was handled. */
  readonly dueMs?: number;
  readonly atMs?: number;
  /** What the state was, where it is foretold. */
  readonly detail?: string;
}

export const traces = [Egress.of<Trace>('verification/traces-a'), Egress.of<Trace>('verification/traces-b')] as const;

/** Which of `traces`. */
export type TraceEgress = 0 | 1;
