import type { Mannered } from './manner.js';
import type { TraceEgress } from './trace.js';

/** What an actor does on one message. A whole tree of them is fixed when it is made. */
export interface Command extends Mannered {
  /** The id of an actor. */
  readonly to: string;
  /** Where its trace goes. */
  readonly egress: TraceEgress;
  /** For one that is asked: whether the answer comes later, by a kept handle. */
  readonly defers?: true;
  readonly acts: readonly Act[];
}

/** One thing that a command makes an actor do. */
export type Act =
  | { readonly kind: 'increment'; readonly amount: number }
  /** Changes a persisted object in place. */
  | { readonly kind: 'mutate'; readonly key: string; readonly amount: number }
  /** Adds to an entry of a `PersistedMap`. */
  | { readonly kind: 'tally'; readonly key: string; readonly amount: number }
  /** One more record. */
  | { readonly kind: 'emit'; readonly id: string; readonly egress: TraceEgress }
  | OwnAct
  | SendingAct;

/** Whose outcome depends on the order of messages: only in commands that come to an actor by the ingress that is its home. */
export type OwnAct =
  | { readonly kind: 'write'; readonly key: string; readonly value: number }
  | { readonly kind: 'erase'; readonly key: string }
  | { readonly kind: 'wipe' }
  | { readonly kind: 'append'; readonly text: string }
  | { readonly kind: 'rewrite'; readonly texts: readonly string[] }
  | { readonly kind: 'entitle'; readonly title: string };

/** Commands that follow from a command. */
export type SendingAct =
  | { readonly kind: 'send'; readonly command: Command }
  | { readonly kind: 'ask'; readonly command: Command; readonly timeoutMs?: number }
  | { readonly kind: 'delay'; readonly command: Command; readonly delayMs: number; readonly isDate: boolean }
  /** A timer that is cancelled by the invocation that sets it: certain not to run. */
  | { readonly kind: 'drop'; readonly command: Command; readonly delayMs: number }
  /** A timer that its owner cancels later: runs or not, but as the owner finds it. */
  | { readonly kind: 'race'; readonly command: Command; readonly delayMs: number; readonly cancel: Cancel }
  /**
   * A timer whose token another actor tries to cancel it with, which it cannot: certain to run. The thief has the token by a
   * message, or after `afterMs` by a timer, when the other timer may be in storage only.
   */
  | {
      readonly kind: 'theft';
      readonly command: Command;
      readonly delayMs: number;
      readonly thief: string;
      readonly afterMs?: number;
    };

/** How the one who set a timer is told to cancel it: by another timer, or by a message that goes by way of another actor. */
export type Cancel =
  | { readonly by: 'timer'; readonly delayMs: number }
  | { readonly by: 'message'; readonly via: string };

/** What an asked command answers. */
export function worthOf({ acts }: Command): number {
  let worth = 0;
  for (const act of acts) if (act.kind === 'increment') worth += act.amount;
  return worth;
}

/** The ids of what follows from a command. */
export const idOf = {
  answer: (id: string) => `${id}?`,
  failure: (id: string) => `${id}!`,
  deferred: (id: string) => `${id}…`,
  cancel: (id: string) => `${id}x`,
  bounce: (id: string) => `${id}~`,
  theft: (id: string) => `${id}$`,
} as const;
