import type { CheckpointStatus } from '../checkpoint/checkpointer.js';
import type { ParticipantState, ParticipantStatus } from './report.js';

/** What an operator may ask of the coordinator. A value of the data model. */
export interface OperationRequest {
  /** Random: a request that comes again is the same one. */
  readonly id: string;
  /** The endpoint that hears the answer. */
  readonly answerTo: string;
  readonly operation: Operation;
}

/** `drain` has every node leave, which ends the application in good order. */
export type Operation =
  | { readonly kind: 'status' }
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'savepoint'; readonly name: string }
  | { readonly kind: 'drain' };

export interface OperationAnswer {
  readonly id: string;
  readonly outcome:
    | { readonly ok: true; readonly status: ClusterStatus | undefined }
    | { readonly ok: false; readonly code: string; readonly message: string };
}

/** How a whole application does, as its coordinator knows it: figures are as old as the last report of each worker. */
export interface ClusterStatus {
  /** The endpoint of the coordinator. */
  readonly coordinator: string;
  /** The epoch that runs; 0 while none does. */
  readonly epoch: number;
  readonly checkpoint: CheckpointStatus;
  readonly workers: readonly WorkerStatus[];
  /** The sum of all workers. */
  readonly total: ParticipantStatus;
}

export interface WorkerStatus extends ParticipantStatus {
  readonly endpoint: string;
  readonly state: ParticipantState;
  readonly isLeaving: boolean;
  /** How many key groups are dealt to it. */
  readonly keyGroups: number;
  readonly ingresses: readonly string[];
}
