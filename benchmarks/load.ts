import { fork } from 'node:child_process';
import { once } from 'node:events';

/** What to ask of a server. */
export interface Load {
  readonly url: string;
  /** Of a function type, for the bare server as well: `/v1/{namespace}/{name}`. */
  readonly path: string;
  /** Of a contract; without one, what is sent is answered when it is durable, and with nothing. */
  readonly operation?: string | undefined;
  /** How many wait for an answer at any time. */
  readonly callers: number;
  readonly ids: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

export interface LoadResult {
  /** What a request failed with; then the figures mean nothing. */
  readonly failure: string | undefined;
  /** All answers, those of the warm-up included. */
  readonly answered: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers to requests that began and ended in the time that is measured. */
  readonly perSecond: number;
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
