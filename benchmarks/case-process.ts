import { type ChildProcess, fork } from 'node:child_process';
import type { Bar, Benchmark, Case, Figures } from './benchmark.js';
import { siteVariable, startSite } from './cluster/site.js';

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
  readonly bar?: Bar;
  readonly #child: ChildProcess;

  constructor(benchmark: string, { name, bar }: Case, environment: NodeJS.ProcessEnv) {
    this.name = name;
    if (bar !== undefined) this.bar = bar;
    this.#child = fork(new URL('./run-case.js', import.meta.url), [benchmark, name], {
      execArgv: ['--expose-gc'],
      env: { ...process.env, ...environment },
    });
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

/** The same benchmark, with a process for each of its cases, and the servers that they need. */
export async function inProcesses(benchmark: Benchmark): Promise<Benchmark & AsyncDisposable> {
  const running = benchmark.needsSite === true ? await startSite() : undefined;
  const environment = running === undefined ? {} : { [siteVariable]: JSON.stringify(running.site) };
  const cases = benchmark.cases.map((one) => new CaseProcess(benchmark.name, one, environment));
  return {
    ...benchmark,
    cases,
    [Symbol.asyncDispose]: async () => {
      for (const one of cases) one.close();
      await running?.[Symbol.asyncDispose]();
    },
  };
}
