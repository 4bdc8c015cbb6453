import { fork } from 'node:child_process';
import { type ClusterTrial, clusterTrial } from './cluster-trial.js';
import type { SeedRange } from './seed-range.js';
import type { TrialAnswer, TrialQuestion } from './trial-process.js';

/** Runs seeds in so many processes at once; each takes the next seed as soon as it has done with one. */
export async function trialsInProcesses(
  jobs: number,
  seeds: SeedRange,
  report: (trial: TrialAnswer) => void,
): Promise<void> {
  await Promise.all(Array.from({ length: jobs }, () => trialsInProcess(seeds, report)));
}

/** Runs seeds here, one after the other, with a trace of each. */
export async function trialsHere(seeds: SeedRange, report: (trial: ClusterTrial) => void): Promise<void> {
  for (let seed = seeds.next(); seed !== undefined; seed = seeds.next()) report(await clusterTrial(seed));
}

function trialsInProcess(seeds: SeedRange, report: (trial: TrialAnswer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let seed = seeds.next();
    if (seed === undefined) {
      resolve();
      return;
    }
    const child = fork(new URL('./trial-process.js', import.meta.url), { execArgv: ['--enable-source-maps'] });
    const ask = (question: TrialQuestion) => child.send(question);
    child.on('message', (answer) => {
      report(answer as TrialAnswer);
      seed = seeds.next();
      if (seed === undefined) child.disconnect();
      else ask({ seed });
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the process that ran seed ${seed} ended with ${code}`));
    });
    ask({ seed });
  });
}
