import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Benchmark, Figures } from './benchmark.js';
import { inDirectory } from './in-directory.js';
import type { Handled, RestoreOrder } from './restore-process.js';

const program = new URL('./restore-process.js', import.meta.url);

export interface RestoreRun {
  /** In the checkpoint. */
  readonly addresses: number;
  readonly starts: number;
}

/**
 * Milliseconds until an application handles its first message, whose address is one of so many in its last checkpoint: since its
 * process was started, and since the application was. The median of several starts.
 */
export function runRestore({ addresses, starts }: RestoreRun): Promise<Figures> {
  return inDirectory(async (directory) => {
    await inProcess({ kind: 'fill', directory, addresses });
    const since: { process: number; start: number }[] = [];
    for (let visit = 1; visit <= starts; visit += 1) {
      const startMs = Date.now();
      const { atMs, startedMs, seen } = await inProcess({ kind: 'visit', directory, addresses });
      // It has been filled with one visit each; and every start before this one has made another.
      if (seen !== 1 + visit) throw new Error(`the address has seen ${seen} visits, not ${1 + visit}`);
      since.push({ process: atMs - startMs, start: atMs - startedMs });
    }
    return {
      'from process start': median(since.map(({ process }) => process)),
      'from application start': median(since.map(({ start }) => start)),
    };
  });
}

/** Has a process of its own do something; resolves when it has ended. */
async function inProcess(order: RestoreOrder): Promise<Handled> {
  const child: ChildProcess = fork(program, [JSON.stringify(order)], { execArgv: [] });
  const answer = once(child, 'message') as Promise<[Handled]>;
  answer.catch(() => undefined);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the process that was to ${order.kind} ended with ${code}`);
  const [handled] = await answer;
  return handled;
}

function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[figures.length >> 1] as number;
}

/** What a start takes, with few addresses and with many. */
export const restore: Benchmark = {
  name: 'restore',
  metric: 'first message',
  unit: 'ms',
  baseline: '1,000-addresses',
  repetitions: 2,
  warmUp: false,
  cases: [1_000, 1_000_000].map((addresses) => ({
    name: `${addresses.toLocaleString('en-US')}-addresses`,
    ...(addresses === 1_000 ? {} : { bar: { of: 'ratio', figure: 'from process start', atMost: 3 } as const }),
    run: () => runRestore({ addresses, starts: 5 }),
  })),
};
