import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ProgressLine } from './cluster/progress-line.js';
import { SeedRange } from './cluster/seed-range.js';
import { Tally } from './cluster/tally.js';
import type { TrialAnswer } from './cluster/trial-process.js';
import { trialsHere, trialsInProcesses } from './cluster/trials.js';
import { sabotage } from './sabotage/sabotage.js';

/**
 * `npm run simulate -- [--seeds N] [--from SEED] [--jobs J] [--trace]`: has a cluster carry out the verification workload under so
 * many seeds, in one process for each core or in J. Stops at the first seed that fails, and prints it with the command that replays
 * it; `--trace` prints all that happens under each, and runs them in this process.
 *
 * `npm run simulate -- --sabotage [NAME…] [--seeds N] [--jobs J]`: breaks the core in each known way, and looks for a seed that
 * shows it.
 */
const { values, positionals } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    trace: { type: 'boolean', default: false },
    sabotage: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const seeds = wholeNumber('seeds', values.seeds ?? '200');
const from = wholeNumber('from', values.from);
const jobs = wholeNumber('jobs', values.jobs);
if (values.sabotage) {
  const missed = await sabotage(positionals, { from, seeds: values.seeds === undefined ? undefined : seeds, jobs });
  process.exit(missed > 0 ? 1 : 0);
}
const range = new SeedRange(from, seeds);
const tally = new Tally();
const progress = new ProgressLine();
const startedMs = performance.now();

if (values.trace) {
  await trialsHere(range, (trial) => {
    console.log(trial.trace.join('\n'));
    report(trial);
  });
} else await trialsInProcesses(Math.min(seeds, jobs), range, report);
progress.clear();
console.log(tally.summary(((performance.now() - startedMs) / 1_000).toFixed(0)));
const missing = tally.runs >= 200 ? tally.missing() : [];
for (const kind of missing) console.log(`never struck: ${kind}`);
process.exitCode = tally.failed > 0 || missing.length > 0 ? 1 : 0;

function report({ seed, violations, ...trial }: TrialAnswer): void {
  tally.add({ seed, violations, ...trial });
  progress.show(`${tally.runs} of ${seeds} seeds`);
  if (violations.length === 0) return;
  range.stop();
  progress.clear();
  console.log(`seed ${seed} failed: ${violations.length} violations`);
  for (const violation of violations.slice(0, 5)) console.log(`  ${violation}`);
  console.log(`  replay it with: npm run simulate -- --seeds 1 --from ${seed} --trace`);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  console.error(`--${name} takes a whole number of at least 1, not ${text}`);
  process.exit(2);
}
