/** A message on its way round the ring. */
export interface Hop {
  /** The number of the address that it is at. */
  readonly at: number;
  /** Hops that are left, this one included. */
  readonly left: number;
  readonly text: string;
}

/** Addresses in the ring. */
export const ringSize = 1_000;

export function ringId(at: number): string {
  return `node-${at}`;
}

/** What goes on to the next address. */
export function nextHop({ at, left, text }: Hop): Hop {
  return { at: (at + 1) % ringSize, left: left - 1, text };
}
