import type { CheckpointEntry, EntryHeader } from '../../src/checkpoint/manifest.js';
import type { SegmentRef } from '../../src/state/segment.js';

/** The body of a checkpoint entry with nothing in it but what is given. */
export function checkpoint(
  number: number,
  given: Partial<CheckpointEntry> = {},
): Omit<CheckpointEntry, keyof EntryHeader> {
  return {
    kind: 'checkpoint',
    checkpoint: number,
    settings: { maxParallelism: 1024, hash: 'xxh32', format: 1 },
    applicationTimeMs: 1_000 * number,
    segments: [],
    shapes: [],
    ingresses: {},
    egresses: {},
    parts: [],
    inlined: new Map(),
    published: 0,
    condemned: [],
    ...given,
  };
}

export function segment(blob: string): SegmentRef {
  return { blob, length: 1, checksum: 1, entries: 1, types: ['test/thing'] };
}
