import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plan } from './command-plan.js';
import { root } from './documented-commands.js';

const patienceMs = 600_000;

/**
 * `npm run test:commands`: clones what is committed, and runs there each command that the documents show, in the form that
 * `command-plan.ts` gives it. At the end it names those that are not run, and why. It fails with the first command that fails.
 */
const folder = mkdtempSync(join(tmpdir(), 'documented-commands-'));
const clone = join(folder, 'clone');
const startMs = performance.now();
let ran = 0;
try {
  execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone], { stdio: 'inherit' });
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: clone, stdio: 'inherit' });
  const done = new Set<string>();
  for (const [command, treatment] of Object.entries(plan)) {
    if (!('run' in treatment)) continue;
    const line = treatment.run === 'as it is' ? command : treatment.run.as;
    if (!done.has(line)) run(line);
    done.add(line);
    ran += 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const [command, treatment] of Object.entries(plan)) {
  if ('notRun' in treatment) console.log(`NOT RUN: ${command}: ${treatment.notRun}.`);
}
console.log(`${ran} commands of the documents were run in a fresh clone, in ${seconds(performance.now() - startMs)}.`);

function run(line: string): void {
  const fromMs = performance.now();
  const { status, signal, stdout, stderr } = spawnSync('sh', ['-c', line], {
    cwd: clone,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: patienceMs,
    maxBuffer: 1024 * 1024 * 1024,
  });
  if (status === 0) {
    console.log(`${line}: works, in ${seconds(performance.now() - fromMs)}.`);
    return;
  }
  console.error(`${stdout.slice(-20_000)}\n${stderr.slice(-20_000)}\n${line}: ended with ${status ?? signal}.`);
  rmSync(folder, { recursive: true, force: true });
  process.exit(1);
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
