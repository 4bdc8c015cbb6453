import type { SimulatedNode } from './simulated-node.js';

/** How much a node holds in memory that grows with what it has to do, rather than with its state. */
export interface Held {
  /** Messages in queues and mailboxes, and those being handled. */
  readonly messages: number;
  /** Messages and records for other workers that these have not acknowledged. */
  readonly outstanding: number;
  /** Egress records that are not published. */
  readonly records: number;
  /** What clients sent and no cut holds. */
  readonly submissions: number;
  /** Timers of the platform, and callbacks that wait for their turn. */
  readonly callbacks: number;
}

export const nothingHeld: Held = { messages: 0, outstanding: 0, records: 0, submissions: 0, callbacks: 0 };

/** By all workers of a node together. */
export function heldBy({ node, process }: SimulatedNode): Held {
  let { messages, outstanding, records, submissions } = nothingHeld;
  for (const { current } of node.participants) {
    if (current === undefined) continue;
    const { worker, channels } = current;
    messages += worker.dispatcher.backlog;
    outstanding += channels.outstanding;
    submissions += worker.submissions.length;
    for (const { pending } of worker.outlets.values()) records += pending;
  }
  return { messages, outstanding, records, submissions, callbacks: process.callbacks };
}

/** Of each, the greater. */
export function mostOf(one: Held, other: Held): Held {
  return {
    messages: Math.max(one.messages, other.messages),
    outstanding: Math.max(one.outstanding, other.outstanding),
    records: Math.max(one.records, other.records),
    submissions: Math.max(one.submissions, other.submissions),
    callbacks: Math.max(one.callbacks, other.callbacks),
  };
}
