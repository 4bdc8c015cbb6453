import { decode, encode } from '../codec/codec.js';

/** What the row of a leader lease says. */
export interface LeaseRow {
  /** Counts elections; grows with each. */
  readonly term: number;
  /** `undefined` when the last one gave the lease up. */
  readonly holder: LeaseHolder | undefined;
}

export interface LeaseHolder {
  /** Where the holder can be reached. */
  readonly endpoint: string;
  /** Random, one for each contender and start, so that a contender knows its own writes from all others. */
  readonly token: string;
  /** When this write was sent, on the holder's monotonic clock. Means something to the holder alone. */
  readonly sentMs: number;
}

export function encodeLeaseRow(row: LeaseRow): Uint8Array {
  return encode(row, 'lease row');
}

/** The row that `bytes` hold; `undefined` if they hold something else, such as the row of a version to come. */
export function decodeLeaseRow(bytes: Uint8Array): LeaseRow | undefined {
  let row: Partial<LeaseRow> | null | undefined;
  try {
    row = decode(bytes) as Partial<LeaseRow> | null | undefined;
  } catch {
    return undefined; // Who cannot read it waits until it stops changing, as for every other row.
  }
  if (typeof row?.term !== 'number' || !Number.isSafeInteger(row.term)) return undefined;
  const { term, holder } = row;
  if (holder === undefined) return { term, holder };
  const isHolder =
    typeof holder?.endpoint === 'string' && typeof holder.token === 'string' && typeof holder.sentMs === 'number';
  return isHolder ? { term, holder } : undefined;
}
