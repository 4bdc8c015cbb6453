import { fork } from 'node:child_process';
import type { TrialAnswer, TrialQuestion } from '../cluster/trial-process.js';
import type { Mutant } from './mutant.js';

/** What shows a mutant: the first seed under which something is not as it must be, and what. */
export interface Catch {
  readonly seed: number;
  readonly violation: string;
}

/** Longer than the longest timers: what has not come by then does not come. */
const patienceMs = 100_000;

/** Looks for a seed that shows a mutant, from `from` on; `undefined` if none of so many does. */
export function hunt({ name }: Mutant, from: number, seeds: number): Promise<Catch | undefined> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./mutant-process.js', import.meta.url), [name], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let errors = '';
    let seed = from;
    let found: Catch | undefined;
    let isDone = false;
    const ask = () => child.send({ seed, patienceMs } satisfies TrialQuestion);
    child.stderr?.on('data', (text) => (errors += text));
    child.on('message', ({ violations }: TrialAnswer) => {
      const [violation] = violations;
      if (violation !== undefined) found = { seed, violation };
      seed += 1;
      isDone = found !== undefined || seed >= from + seeds;
      if (isDone) child.disconnect();
      else ask();
    });
    child.on('error', reject);
    child.on('exit', () => {
      if (isDone) resolve(found);
      else if (/is out of date|SyntaxError/.test(errors)) reject(new Error(errors));
      // What the broken core did was not foreseen by anybody: it ended the process.
      else resolve({ seed, violation: `the process ended: ${errors.trim().split('\n')[0] ?? ''}` });
    });
    ask();
  });
}
