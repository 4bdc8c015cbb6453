import type { SegmentRef } from '../state/segment.js';
import type { Shape } from '../state/shape.js';
import type { EgressProgress, IngressProgress, PartRef } from './manifest.js';

/** What a worker acknowledges a checkpoint with: its part of the manifest. A value of the data model. */
export interface WorkerPart {
  /** What changed of state and timers; `undefined` for nothing. */
  readonly segment: SegmentRef | undefined;
  /** What is in flight; `undefined` for nothing. */
  readonly inFlight: PartRef | undefined;
  /** The bytes of both, if they are for the manifest to hold and not in a blob. */
  readonly inlined: Uint8Array | undefined;
  /** All shapes that the worker knows. */
  readonly shapes: readonly Shape[];
  /** Of the ingresses that it reads. */
  readonly ingresses: Readonly<Record<string, IngressProgress>>;
  /** Of the egresses that it publishes. */
  readonly egresses: Readonly<Record<string, EgressProgress>>;
  readonly applicationTimeMs: number;
  /** Whether the checkpoint would differ from the one before. */
  readonly isChanged: boolean;
  /** Whether every record of earlier checkpoints was known to be published. */
  readonly isPublished: boolean;
  /** Whether its ingresses have ended and nothing was in flight; timers that are not due do not count. */
  readonly isDrained: boolean;
}

/** The workers of an application as whoever takes its checkpoints sees them. One checkpoint at a time. */
export interface CheckpointGroup {
  /** False if it is known that a checkpoint now would not differ from the last one. */
  readonly hasChanges: boolean;
  /**
   * Has all workers cut and write their parts, of which the manifest has room for so many bytes together. Rejects if one of them
   * cannot, or is gone.
   */
  take(checkpoint: number, inlineBytes: number): Promise<readonly WorkerPart[]>;
  /** The checkpoint exists: what waited for it may leave. */
  committed(checkpoint: number, entry: { readonly index: number }): void;
  /** It came to nothing. Names the blobs that were written for it. */
  abandoned(checkpoint: number): readonly string[];
  /** The index of the oldest manifest that a worker still reads from. */
  readonly readFrom: number;
}
