/** How an invocation goes about what it is told to do. What comes of it is the same for all but the last three. */
export type Manner =
  | 'at-once'
  /** Does the first half, waits, does the rest. */
  | 'pause'
  /** Does all and then throws, at the first attempt. */
  | 'throw-once'
  /** The same behind a wait. */
  | 'reject-once'
  /** Does the first half and waits for longer than it may, at the first attempt. */
  | 'hang-once'
  /** Throws at every attempt: a dead letter. */
  | 'throw'
  | 'reject'
  | 'hang';

/** Whether nothing comes of it but a dead letter. */
export function isPoison(manner: Manner): boolean {
  return manner === 'throw' || manner === 'reject' || manner === 'hang';
}

export function isAsynchronous(manner: Manner): boolean {
  return manner !== 'at-once' && manner !== 'throw-once' && manner !== 'throw';
}

/** What says how to be carried out. */
export interface Mannered {
  /** Unique. */
  readonly id: string;
  readonly manner: Manner;
  /** How long an asynchronous one waits; shorter than the timeout of its function. */
  readonly pauseMs: number;
}
