import { type ChildProcess, fork } from 'node:child_process';
import type { Benchmark, Case, Figures } from './benchmark.js';

/** What comes back for an order to run. */
export type Outcome = { readonly figures: number | Figures } | { readonly failure: string };

/**
 * A case in a process of its own, which lives from its first run to `close`.
 *
 * The compiler of JavaScript learns from what it sees. In one process, each case would run on code that was made for the cases
 * before it as well: a single application comes out at half of its speed after a few others.
 */
export class CaseProcess implements Case {
  readonly name: string;
  readonly #child: ChildProcess;

  constructor(benchmark: string, name: string) {
    this.name = name;
    this.#child = fork(new URL('./run-case.js', import.meta.url), [benchmark, name], { execArgv: ['--expose-gc'] });
  }

  run(): Promise<number | Figures> {
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const ended = () => reject(new Error(`the process of ${this.name} has ended`));
      child.once('exit', ended);
      child.once('message', (outcome: Outcome) => {
        child.off('exit', ended);
        if ('figures' in outcome) resolve(outcome.figures);
        else reject(new Error(outcome.failure));
      });
      child.send('run');
    });
  }

  close(): void {
    this.#child.disconnect();
  }
}

/** The same benchmark, with a process for each of its cases. */
export function inProcesses(benchmark: Benchmark): Benchmark & Disposable {
  const cases = benchmark.cases.map(({ name }) => new CaseProcess(benchmark.name, name));
  return {
    ...benchmark,
    cases,
    [Symbol.dispose]: () => {
      for (const one of cases) one.close();
    },
  };
}
