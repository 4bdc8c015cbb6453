import {
  ask,
  type CancellationToken,
  FunctionType,
  query,
  type Reply,
  type ReplyHandle,
  send,
} from '@stateful-functions/core';
import type { Command } from './command.js';

/** A message from `from`, the `pair`-th of those whose order is certain. */
export interface Passed {
  /** Unique: names the trace of the invocation. */
  readonly id: string;
  /** The address of the sender, or the name of an ingress. */
  readonly from: string;
  readonly pair?: number;
}

export interface Delivery extends Passed {
  readonly command: Command;
  /** For a timer. */
  readonly dueMs?: number;
  /** For an ask: that the answer is certain to be in time, so that its order can be told. */
  readonly isPatient?: boolean;
}

export interface Answer extends Passed {
  readonly worth: number;
}

/** Names a timer to its owner. */
export interface Recall extends Passed {
  readonly timer: string;
}

/** A recall on its way. */
export interface Bounce extends Recall {
  readonly owner: string;
}

export interface Theft extends Passed {
  readonly token: CancellationToken;
}

/** The right to an answer, until the timer comes that gives it. */
export interface Deferred {
  readonly handle: ReplyHandle<Answer>;
  readonly asker: string;
  readonly isPatient: boolean;
  readonly worth: number;
}

/** Everything that an actor holds. */
export interface ActorReport {
  readonly visits: number;
  readonly total: number;
  /** Answers that came too late. */
  readonly late: number;
  readonly title: string | undefined;
  /** Records, by egress. */
  readonly emitted: readonly number[];
  readonly bag: Entries<number>;
  readonly tallies: Entries<number>;
  readonly pages: Entries<number>;
  readonly sentTo: Entries<number>;
  readonly heardFrom: Entries<number>;
  /** What each ask came to, by the id of its command. */
  readonly answers: Entries<number | 'failed'>;
  /** Whether a timer was cancelled before it was due, by the id of its command. */
  readonly cancels: Entries<'early' | 'late'>;
  /** The ids of all invocations, in their order. */
  readonly trail: readonly string[];
  readonly diary: readonly string[];
  /** Handles and tokens that were never used. */
  readonly kept: readonly string[];
  /** What came out of order. */
  readonly disorders: readonly string[];
}

export type Entries<V> = readonly (readonly [string, V])[];

/** Does whatever a command says, with every kind of state. */
export const Actor = FunctionType.contract('verification/actor', {
  carry: send<Delivery>(),
  quote: ask<Delivery, Answer>(),
  answered: send<Reply<Answer>>(),
  /** Gives the answer that was put off. */
  settle: send<Passed>(),
  recall: send<Recall>(),
  bounce: send<Bounce>(),
  steal: send<Theft>(),
  report: query<void, ActorReport>(),
});
