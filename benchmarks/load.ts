import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Latencies } from './latency-histogram.js';

/** What to ask of a server. */
export interface Load {
  readonly url: string;
  /** `{id}` in it stands for an id. */
  readonly path: string;
  /** Whether an answer says only that the request is safe (202); else it has to be a number above zero (200). */
  readonly isOneWay?: boolean;
  /** How many wait for an answer at any time; with a rate, how many at most are being answered. */
  readonly callers: number;
  /**
   * Requests a second, which are made whether or not the ones before are answered; latency counts from when each is due. Without
   * one, a caller asks again when it has its answer.
   */
  readonly rate?: number;
  readonly ids: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

export interface LoadResult {
  /** What a request failed with; then there are no figures. */
  readonly failure?: string;
  /** All answers, those of the warm-up included. */
  readonly answered: number;
  readonly latencies: Latencies;
  /** Answers to requests that began and ended in the time that is measured. */
  readonly perSecond: number;
}

/** The id of a request by its number. */
export function loadId(number: number): string {
  return `visitor-${number}`;
}

/** Has a process of its own make the load: in the server's, each would wait for the other. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const child = fork(new URL('./generate-load.js', import.meta.url));
  try {
    const answer = once(child, 'message');
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the process that makes the load ended with ${code}`);
    });
    child.send(load);
    const [result] = (await Promise.race([answer, ended])) as [LoadResult];
    ended.catch(() => undefined); // It is told to, below.
    if (result.failure !== undefined) throw new Error(result.failure);
    return result;
  } finally {
    if (child.connected) child.disconnect();
  }
}
