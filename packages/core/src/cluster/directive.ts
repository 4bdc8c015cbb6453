import type { InlinedParts } from '../checkpoint/manifest.js';
import type { SegmentRef } from '../state/segment.js';
import type { Shape } from '../state/shape.js';
import type { AssignmentData } from './assignment.js';

/**
 * All that the coordinator wants of one participant at one time. A value of the data model.
 *
 * Directives say how things are to be, not what is to be done next: each holds everything, is sent when something changed and
 * again from time to time, and may get lost, come twice or late without harm. The newest counts.
 */
export interface Directive {
  /** The random name of the coordinator's start. */
  readonly coordinator: string;
  /** Grows with each directive of this coordinator. */
  readonly number: number;
  /** The number of the newest report that the coordinator has of this participant: what its lease is counted from. */
  readonly answers: number;
  /** What to run; `undefined` while no epoch has begun that has a place for this participant. */
  readonly plan: EpochPlan | undefined;
  /** The last checkpoint that was committed in this epoch. */
  readonly committed: CommittedCheckpoint | undefined;
  /**
   * The parts that its manifest holds itself, where they are at hand. They do not travel: elsewhere they are read from the manifest
   * when they are needed.
   */
  readonly inlined: InlinedParts | undefined;
  /** Checkpoints up to this one that are not committed came to nothing. */
  readonly settled: number;
  /** The checkpoint that is being taken. */
  readonly checkpoint: number | undefined;
  /** A part of no more bytes than this goes to the coordinator, for the manifest to hold, and not to the store. */
  readonly inlineBytes: number;
  /**
   * From its cut of this checkpoint on, a worker is to pause: the epoch ends with it, and what is handled after the cut would be
   * handled again. `undefined` while there is none, and again if it came to nothing.
   */
  readonly pausesAt: number | undefined;
  /** Whether so much waits at some worker that all are to read no more for now. */
  readonly isCrowded: boolean;
  /** `drain`: read no more, handle no more, let handlers that run come to their end. `over`: all is committed and published. */
  readonly phase: 'run' | 'drain' | 'over';
  /** The message that this participant may handle next, while messages are suspected of ending processes. */
  readonly verdict: { readonly number: number; readonly isCondemned: boolean } | undefined;
  /** Application time of the coordinator when it wrote this. */
  readonly applicationTimeMs: number;
}

/** How an epoch is set up: the same for all, and for as long as it lasts. */
export interface EpochPlan {
  readonly epoch: number;
  readonly logId: string;
  /** The manifest that everybody begins with; `undefined` at an application's first start. */
  readonly base: ManifestName | undefined;
  readonly assignment: AssignmentData;
  /** By slot, as in the assignment. */
  readonly workers: readonly WorkerName[];
  /** Whether each message is to be recorded before it is handled, since one of them may be what ends processes. */
  readonly isSuspicious: boolean;
}

export interface WorkerName {
  readonly endpoint: string;
  /** The random name of the participant's start: whoever comes back with another one is not meant. */
  readonly incarnation: string;
}

export interface ManifestName {
  readonly checkpoint: number;
  readonly index: number;
  /** The savepoint that has a copy of it, which the log may have forgotten; `undefined` for one that the log has. */
  readonly savepoint: string | undefined;
  /** The token of the manifest, so that it is this very one. */
  readonly token: string;
}

export interface CommittedCheckpoint {
  readonly checkpoint: number;
  readonly index: number;
  readonly segments: readonly SegmentRef[];
  readonly shapes: readonly Shape[];
}
