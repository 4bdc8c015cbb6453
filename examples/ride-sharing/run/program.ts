import { PageServer } from '../server/page-server.js';
import type { Arguments } from './arguments.js';
import { Run, type StartDeployment } from './run.js';

/**
 * Shows a city until it is over or Ctrl-C stops it, and checks it unless it was stopped.
 *
 * @returns the exit code: 1 if anything is wrong
 */
export async function show(options: Arguments, startDeployment: StartDeployment): Promise<number> {
  const stop = new AbortController();
  // More than once: npm passes on what the terminal has sent to all already.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort());
  await using run = await Run.start(options, startDeployment);
  if (run === undefined) return 1;
  await using server = await PageServer.start(run, options.port);
  console.log(`The city is at ${server.url}\nCtrl-C stops.`);
  await run.live(stop.signal);
  if (stop.signal.aborted) return 0;
  return report(run, await run.check());
}

/** Prints what a check came to, and tells the exit code. */
export function report({ simulator }: Run, violations: readonly string[]): number {
  const { requested, ended, failed } = simulator.witness;
  console.log(`${requested} rides requested, ${ended} ended, ${failed} failed, ${simulator.drivers.length} drivers.`);
  for (const violation of violations) console.error(`  ${violation}`);
  console.log(
    violations.length === 0
      ? 'No driver in two rides, no ride with two drivers, each requested ride ended or failed exactly once.'
      : `${violations.length} violations.`,
  );
  return violations.length === 0 ? 0 : 1;
}
