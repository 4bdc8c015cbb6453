import { encode } from '../codec/codec.js';
import type { Position } from '../ports/position.js';
import { invariant, StatefulFunctionsError } from '../sdk/errors.js';
import type { SegmentRef } from '../state/segment.js';
import type { Shape } from '../state/shape.js';
import { damaged, decodeFrom, frame, unframe } from './frame.js';
import { isInlined } from './part-name.js';

/** What every entry of the manifest log carries. */
export interface EntryHeader {
  /** Its place in the log: 1, 2, 3, … without gaps. */
  readonly index: number;
  /** Random; tells this entry from any other that was ever meant for the same place. */
  readonly token: string;
  /** The token of the entry before; `undefined` only in the first. */
  readonly previous: string | undefined;
  /** The epoch that wrote it; an epoch's own entry is its first. */
  readonly epoch: number;
  /** Random; changes only when a user starts from a savepoint, so that ids of egress records never repeat. */
  readonly logId: string;
  /** Wall-clock time of writing: for people, never for decisions. */
  readonly timeMs: number;
}

/** An epoch begins: whoever wrote the log before is fenced. Never deleted, so an old writer always collides with it. */
export interface EpochEntry extends EntryHeader {
  readonly kind: 'epoch';
  /** The index of the checkpoint or restore it starts from; `undefined` when there was none. */
  readonly restoredFrom: number | undefined;
  /** The last checkpoint of the log before, by its number; 0 where there is none, or a user has gone back. */
  readonly lastCheckpoint: number;
  /** The random name of the process's start that began it. */
  readonly incarnation: string;
}

/** A manifest: what makes a checkpoint exist. */
export interface CheckpointEntry extends EntryHeader {
  readonly kind: 'checkpoint';
  /** Grows with every attempt and is never used again, so it has gaps; not the index. */
  readonly checkpoint: number;
  readonly settings: FixedSettings;
  /** Application time at the cut. Never less than in the manifest before. */
  readonly applicationTimeMs: number;
  /** All live segments, newest first. */
  readonly segments: readonly SegmentRef[];
  /** The shapes of state records. Only ever grows. */
  readonly shapes: readonly Shape[];
  readonly ingresses: Readonly<Record<string, IngressProgress>>;
  readonly egresses: Readonly<Record<string, EgressProgress>>;
  /** Of each worker that has any: messages in flight, due retries, egress records and replies not known to be published. */
  readonly parts: readonly PartRef[];
  /** Parts that are too small to be worth a blob of their own, by the names under which `segments` and `parts` refer to them. */
  readonly inlined: InlinedParts;
  /** The index of the newest checkpoint whose egress was all known to be published at this cut; 0 for none. */
  readonly published: number;
  /** Blobs that the manifest before refers to and this one does not. Only what is named here gets deleted. */
  readonly condemned: readonly string[];
}

/** A user asked to keep the checkpoint `of`. The savepoint exists once its own blob does. */
export interface SavepointEntry extends EntryHeader {
  readonly kind: 'savepoint';
  readonly name: string;
  /** The index of the manifest it copies. */
  readonly of: number;
}

/** A user went back to a savepoint: the log goes on from there under `newLogId`. */
export interface RestoreEntry extends EntryHeader {
  readonly kind: 'restore';
  readonly savepoint: string;
  readonly newLogId: string;
}

/** A message that may be what ended the process before is about to be handled. */
export interface SuspectEntry extends EntryHeader {
  readonly kind: 'suspect';
  readonly invocationId: string;
}

export type LogEntry = EpochEntry | CheckpointEntry | SavepointEntry | RestoreEntry | SuspectEntry;

/** What the writer of an entry says; the log adds the header. */
export type EntryBody = BodyOf<LogEntry>;
type BodyOf<E> = E extends LogEntry ? Omit<E, keyof EntryHeader> : never;

/** The kind of entry that recovery starts from. */
export type BaseEntry = CheckpointEntry | RestoreEntry;

/** What an application cannot change once it has state. */
export interface FixedSettings {
  readonly maxParallelism: number;
  /** The hash from ids to key groups. */
  readonly hash: string;
  /** The version of the layout of segments, in-flight parts and the values in them. */
  readonly format: number;
}

export interface IngressProgress {
  /** Of the last record that was routed. */
  readonly position: Position;
  /** How many records were routed since the application's first start. */
  readonly routed: number;
}

export interface EgressProgress {
  /** What the last batch known to be published resolved with. */
  readonly position: Position;
}

/** What one worker had in flight: a stretch of a blob. */
export interface PartRef {
  /** The number of the worker in its epoch. */
  readonly slot: number;
  /** Or the name of an inlined part. */
  readonly blob: string;
  readonly offset: number;
  readonly length: number;
}

/** The bytes of parts that a manifest holds itself, by name. */
export type InlinedParts = ReadonlyMap<string, Uint8Array>;

const kinds: ReadonlySet<unknown> = new Set<LogEntry['kind']>([
  'epoch',
  'checkpoint',
  'savepoint',
  'restore',
  'suspect',
]);

export function isBase(entry: LogEntry): entry is BaseEntry {
  return entry.kind === 'checkpoint' || entry.kind === 'restore';
}

export function encodeEntry(entry: LogEntry): Uint8Array {
  return frame(encode(entry));
}

/**
 * Reads the entry that blob `name` holds.
 *
 * @throws SF_DAMAGED; SF_INCOMPATIBLE if it is of a kind or format that this version does not know.
 */
export function decodeEntry(name: string, bytes: Uint8Array): LogEntry {
  const entry = decodeFrom(name, 0, unframe(name, bytes));
  if (typeof entry !== 'object' || entry === null || !('kind' in entry)) {
    throw damaged(name, 0, 'it does not hold a log entry');
  }
  if (!kinds.has(entry.kind)) {
    throw new StatefulFunctionsError(
      'SF_INCOMPATIBLE',
      `${name} is an entry of the unknown kind ${JSON.stringify(entry.kind)}. Run the version of the library that wrote it.`,
    );
  }
  return entry as LogEntry;
}

/** Every blob without which a manifest cannot be recovered: what it holds itself is none. */
export function blobsOf(manifest: Pick<CheckpointEntry, 'segments' | 'parts'>): Set<string> {
  const names = [...manifest.segments, ...manifest.parts].map(({ blob }) => blob);
  return new Set(names.filter((name) => !isInlined(name)));
}

/** What a manifest must hold itself to be whole, taken from what is at hand: of each part as much as it refers to. */
export function inlinedFor(
  { segments, parts }: Pick<CheckpointEntry, 'segments' | 'parts'>,
  atHand: InlinedParts,
): InlinedParts {
  const inlined = new Map<string, Uint8Array>();
  const hold = (name: string, length: number) => {
    if (!isInlined(name)) return;
    const bytes = atHand.get(name);
    invariant(bytes !== undefined && bytes.length >= length, `a manifest can hold ${name} only where it is at hand`);
    if ((inlined.get(name)?.length ?? 0) < length) inlined.set(name, bytes.subarray(0, length));
  };
  for (const { blob, length } of segments) hold(blob, length);
  for (const { blob, offset, length } of parts) hold(blob, offset + length);
  return inlined;
}

/** What a manifest must condemn: the blobs of its predecessor that it no longer refers to. */
export function condemnedBy(
  next: Pick<CheckpointEntry, 'segments' | 'parts'>,
  previous: Pick<CheckpointEntry, 'segments' | 'parts'> | undefined,
): string[] {
  if (previous === undefined) return [];
  const live = blobsOf(next);
  return [...blobsOf(previous)].filter((blob) => !live.has(blob));
}
