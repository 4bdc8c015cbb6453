import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { StatefulFunctionsError } from '@stateful-functions/core';
import { ChildProgram } from '../child-program.js';
import { Compiler } from '../compiler.js';
import { exitCode } from '../exit-code.js';
import type { Output } from '../output.js';
import { SourceWatch } from '../source-watch.js';
import { removeStore } from '../store.js';

/** A terminal and npm both pass Ctrl-C on: what comes so soon after a first signal is no second one. */
const echoMs = 500;

export interface DevCommandOptions {
  readonly checkpoints: string;
  readonly fresh?: boolean;
  readonly watch?: readonly string[];
}

/**
 * `sf dev`: compiles the project and runs a program of it, and does so again whenever a source file changes.
 *
 * The program is ended as by a signal, so it takes a final checkpoint, and the next one goes on from there. While the project does
 * not compile, the last program that did goes on.
 */
export async function dev(file: string, options: DevCommandOptions, out: Output): Promise<number> {
  const { checkpoints, fresh = false, watch = ['src'] } = options;
  const compiler = Compiler.ofProject();
  using changes = new SourceWatch(watch);
  if (fresh) await removeStore(checkpoints);
  let program: ChildProgram | undefined;
  const stopping = new AbortController();
  const { signal } = stopping;
  let stoppedMs = 0;
  const stop = () => {
    if (signal.aborted && performance.now() - stoppedMs > echoMs) program?.kill();
    else if (!signal.aborted) {
      stoppedMs = performance.now();
      stopping.abort();
    }
  };
  for (const each of ['SIGINT', 'SIGTERM'] as const) process.on(each, stop);

  while (!signal.aborted) {
    const startedMs = performance.now();
    const isCompiled = await compiler.compile(signal);
    if (signal.aborted) break;
    if (isCompiled) {
      checkThere(file);
      const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
      out.note(`sf dev: compiled in ${seconds} s, ${program === undefined ? 'starting' : 'restarting'} ${file}`);
      await program?.stop();
      program = new ChildProgram(file, (how) => out.note(`sf dev: the program ended ${how}. Waiting for a change.`));
    } else {
      const running = program?.isRunning ? ' The program goes on as it was.' : '';
      out.note(`sf dev: does not compile.${running} Waiting for a change.`);
    }
    const changed = await changes.next(signal);
    if (changed !== undefined) out.note(`sf dev: ${changed} has changed`);
  }
  await program?.stop();
  return exitCode.fine;
}

/** @throws SF_INVALID_OPTION */
function checkThere(file: string): void {
  if (existsSync(file)) return;
  throw new StatefulFunctionsError(
    'SF_INVALID_OPTION',
    `there is no ${file}, though all is compiled. Name the file that tsc writes for the program that starts the application.`,
  );
}
