/** What a manifest says about a segment: where it is, and what is needed to trust it. */
export interface SegmentRef {
  readonly blob: string;
  /** Of the segment, which begins its blob; messages in flight may follow it there. */
  readonly length: number;
  /** CRC-32 of the footer, which holds those of the blocks. */
  readonly checksum: number;
  readonly entries: number;
  /** The function types that have state in it. */
  readonly types: readonly string[];
  /** When the timers in it are due; absent when there are none. */
  readonly timers?: { readonly minDueMs: number; readonly maxDueMs: number };
}

export interface SegmentFooter {
  /** Of each block: its first key, offset, length and CRC-32. */
  readonly index: readonly (readonly [key: Uint8Array, offset: number, length: number, checksum: number])[];
  readonly bloom: Uint8Array;
  readonly lastKey: Uint8Array;
}

/** `footer length u32 | footer CRC-32 u32 | magic u32`. */
export const trailerBytes = 12;
export const trailerMagic = 0x53465347;
