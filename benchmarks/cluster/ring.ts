import { FunctionType, query, send } from '@stateful-functions/core';

/** A message that goes on until it is stopped. */
export interface Hop {
  /** The number of the address that it is at. */
  readonly at: number;
  /** Hops before this one. */
  readonly hops: number;
  /** The number of the node that sent it; -1 if none did. */
  readonly from: number;
  readonly text: string;
}

/** What became of the messages that came by an address. */
export interface Tally {
  readonly seen: number;
  /** Messages that came to their end here. */
  readonly ended: number;
  /** How often they had hopped. */
  readonly hops: number;
}

/** Messages that an address is to send on their way, one to each of the addresses behind it. */
export interface Beginning {
  readonly at: number;
  readonly messages: number;
}

export const Ring = FunctionType.contract('bench/ring-over-nodes', {
  begin: send<Beginning>(),
  hop: send<Hop>(),
  tally: query<void, Tally>(),
});

export const ringIds = 4_096;
export const ringText = 'a message of no great length';

export function ringId(at: number): string {
  return `account-${at}`;
}

/** Where a message goes next: one place looks as likely as any other. */
export function nextAt({ at, hops }: Pick<Hop, 'at' | 'hops'>): number {
  return (Math.imul(at, 1_103) + hops * 7 + 1_009) & (ringIds - 1);
}

/** How many messages have come to a node from others by some instant. */
export interface Crossings {
  readonly count: number;
  readonly atMs: number;
}

/** What a node of the ring can be asked: its crossings; and to send nothing on any more, to which it answers as well. */
export const ringQuestions = { crossings: 'crossings', end: 'end' } as const;
