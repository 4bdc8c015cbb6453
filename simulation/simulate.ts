import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { ClusterTrial } from './cluster/cluster-trial.js';
import { SeedRange } from './cluster/seed-range.js';
import { Tally } from './cluster/tally.js';
import type { TrialQuestion } from './cluster/trial-process.js';
import { sabotage } from './sabotage/sabotage.js';

/**
 * `npm run simulate -- [--seeds N] [--from SEED] [--trace]`: has a cluster carry out the verification workload under so many seeds,
 * on all cores. A seed that fails is printed with the command that replays it; `--trace` prints all that happened under each.
 *
 * `npm run simulate -- --sabotage [NAME…] [--seeds N]`: breaks the core in each known way, and looks for a seed that shows it.
 */
const { values, positionals } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    sabotage: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const seeds = wholeNumber('seeds', values.seeds ?? '200');
const from = wholeNumber('from', values.from);
if (values.sabotage) {
  const missed = await sabotage(positionals, from, values.seeds === undefined ? undefined : seeds);
  process.exit(missed > 0 ? 1 : 0);
}
const range = new SeedRange(from, seeds);
const tally = new Tally();
const startedMs = performance.now();

await Promise.all(Array.from({ length: Math.min(seeds, availableParallelism()) }, work));
const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
console.log(tally.summary(seeds, seconds));
const missing = seeds >= 200 ? tally.missing() : [];
for (const kind of missing) console.log(`never struck: ${kind}`);
process.exitCode = tally.failed > 0 || missing.length > 0 ? 1 : 0;

/** Runs one seed after the other in a process of its own, as long as there are any. */
function work(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./cluster/trial-process.js', import.meta.url), { execArgv: ['--enable-source-maps'] });
    const next = () => {
      const seed = range.next();
      if (seed === undefined) child.disconnect();
      else child.send({ seed } satisfies TrialQuestion);
    };
    child.on('message', (trial) => {
      report(trial as ClusterTrial);
      next();
    });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a process of trials ended with ${code}`))));
    next();
  });
}

function report(trial: ClusterTrial): void {
  tally.add(trial);
  if (values.trace) console.log(trial.trace.join('\n'));
  if (trial.violations.length === 0) return;
  console.log(`seed ${trial.seed} failed: ${trial.violations.length} violations`);
  for (const violation of trial.violations.slice(0, 5)) console.log(`  ${violation}`);
  console.log(`  replay it with: npm run simulate -- --seeds 1 --from ${trial.seed} --trace`);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  console.error(`--${name} takes a whole number of at least 1, not ${text}`);
  process.exit(2);
}
