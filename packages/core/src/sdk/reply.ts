import type { AnyAddress } from './address.js';

/**
 * The right to answer an ask, once, now or later. A value of the data model: keep it in state, pass it on in a message.
 * Made by `ctx.replyHandle()`, used by `ctx.reply` or `ctx.fail`.
 */
export class ReplyHandle<in R = never> {
  /** Type-level only. */
  declare readonly accepts: (reply: R) => void;

  constructor(
    /** Who waits. */
    readonly target: ReplyTarget,
  ) {}
}

/** Who waits for a reply: a function that asked, or a client outside. */
export type ReplyTarget = FunctionReplyTarget | ClientReplyTarget;

export interface FunctionReplyTarget {
  readonly kind: 'function';
  readonly address: AnyAddress;
  /** The operation of `address` that takes the reply. */
  readonly operation: string;
  /** The pending timeout that stands for the ask: whoever removes it first, the reply or the timer, is the one delivered. */
  readonly timeout: CancellationToken;
}

export interface ClientReplyTarget {
  readonly kind: 'client';
  /** Names the client, so that a reply finds its process. */
  readonly client: string;
  /** The client's number for the call. */
  readonly call: number;
  /** `committed`: the reply leaves with the checkpoint that holds its effects; `processed`: at once. */
  readonly consistency: Consistency;
  /** Whether the call changes nothing, so that only what it saw must be committed. */
  readonly query: boolean;
}

export type Consistency = 'committed' | 'processed';

/** Names a timer, so that its sender can cancel it. A value of the data model. */
export class CancellationToken {
  constructor(
    /** The id of the message that the timer holds: 32 hexadecimal digits. */
    readonly timerId: string,
    /** When it is due, application time in milliseconds. */
    readonly dueMs: number,
    /** Who set it, and alone can cancel it. */
    readonly owner: AnyAddress,
  ) {}
}
