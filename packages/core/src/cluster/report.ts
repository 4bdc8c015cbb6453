import type { WorkerPart } from '../checkpoint/worker-part.js';

/**
 * What a participant is doing.
 *
 * `waiting`: no epoch has a place for it. `restoring`: it brings its share of the last checkpoint into place. `running`.
 * `draining`: told to stop, it lets its handlers end. `drained`: nothing runs any more. `stopped`: it is gone for good.
 */
export type ParticipantState = 'waiting' | 'restoring' | 'running' | 'draining' | 'drained' | 'stopped';

/** All that the coordinator needs to know of one participant at one time. A value of the data model; see `Directive`. */
export interface Report {
  readonly endpoint: string;
  readonly incarnation: string;
  /** Grows with each report of this incarnation. */
  readonly number: number;
  /** False for one that only connects clients and is to have no share of the work. */
  readonly takesWork: boolean;
  /** Whether it wants its share to go to others. */
  readonly isLeaving: boolean;
  /** The epoch that it runs; 0 for none. */
  readonly epoch: number;
  readonly state: ParticipantState;
  /** The last checkpoint that it cut. */
  readonly lastCut: number;
  /** What came of it; `undefined` while it is being written. */
  readonly part: PartReport | undefined;
  /** The index of the manifest whose segments it reads. */
  readonly readsFrom: number;
  /** Whether a checkpoint now would differ from the last one. Told once when it becomes so, not each time something changes. */
  readonly hasChanges: boolean;
  /** Whether somebody waits for a checkpoint after the last that it cut. */
  readonly isWanted: boolean;
  /** Whether its ingresses have ended and nothing is in flight: a hint, since others may be about to send to it. */
  readonly isDrained: boolean;
  /** Whether so much waits there that nobody should read more. */
  readonly isCrowded: boolean;
  /** The message that it is about to handle, while messages are suspected. */
  readonly suspect: Suspect | undefined;
  readonly status: ParticipantStatus;
}

export interface Suspect {
  /** Grows with each: the same message may be handled more than once. */
  readonly number: number;
  readonly invocationId: string;
}

export interface PartReport {
  readonly checkpoint: number;
  /** The blob that was, or was to be, written; `undefined` if there was nothing to write. */
  readonly blob: string | undefined;
  readonly part: WorkerPart | undefined;
  /** Why there is none. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

/** Figures for people. Since the participant started, unless they say otherwise. */
export interface ParticipantStatus {
  /** Records taken in from the ingresses that it reads, since the application's very first start. */
  readonly events: number;
  readonly invocations: number;
  readonly failures: number;
  readonly retries: number;
  readonly deadLetters: number;
  readonly egressPublished: number;
  readonly egressPending: number;
  /** Messages that wait or are being handled. */
  readonly backlog: number;
  /** Addresses in memory. */
  readonly addresses: number;
}

/** What several participants come to together. */
export function sumOfStatus(all: readonly ParticipantStatus[]): ParticipantStatus {
  const sum: { -readonly [F in keyof ParticipantStatus]: number } = { ...idleStatus };
  for (const status of all) for (const figure of figures) sum[figure] += status[figure];
  return sum;
}

/** The figures of one that has not done anything. */
export const idleStatus: ParticipantStatus = {
  events: 0,
  invocations: 0,
  failures: 0,
  retries: 0,
  deadLetters: 0,
  egressPublished: 0,
  egressPending: 0,
  backlog: 0,
  addresses: 0,
};

const figures = Object.keys(idleStatus) as (keyof ParticipantStatus)[];
