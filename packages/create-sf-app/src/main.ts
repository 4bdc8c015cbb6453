import { readFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { cancel, intro, log, note, outro, spinner } from '@clack/prompts';
import { fillIn } from './blanks.js';
import { type Flags, help, parseCommandLine } from './command-line.js';
import { planByDefaults } from './defaults.js';
import { initializeGit } from './git-repository.js';
import { installPackages, runScript } from './installation.js';
import { furtherReading, nextSteps } from './next-steps.js';
import type { Plan } from './plan.js';
import { Cancelled, planByQuestions } from './questions.js';
import { filesOf, writeFiles } from './template.js';

/** Does what the arguments say; resolves with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const flags = parseCommandLine(args);
    if (flags.help) return print(help);
    if (flags.version) return print(`${version()}\n`);
    return await create(await planOf(flags));
  } catch (error) {
    if (error instanceof Cancelled) {
      cancel('Nothing was written.');
      return 130;
    }
    log.error(error instanceof Error ? error.message : String(error), { output: process.stderr });
    return 1;
  }
}

async function planOf(flags: Flags): Promise<Plan> {
  intro(`${styleText('inverse', ' Stateful functions ')} ${styleText('dim', `create-sf-app ${version()}`)}`);
  const userAgent = process.env.npm_config_user_agent;
  const canAsk = process.stdin.isTTY && process.stdout.isTTY && !flags.yes;
  return canAsk ? planByQuestions(flags, userAgent) : planByDefaults(flags, userAgent);
}

async function create(plan: Plan): Promise<number> {
  const { directory, name, template, packageManager, install, start, git } = plan;
  directory.make();
  const files = filesOf(template);
  writeFiles(files, directory.path, (path, text) => fillIn(path, text, { name, packageManager }));
  const repository = git && initializeGit(directory.path) ? ', in a git repository of its own' : '';
  log.success(`${name} is in ${directory.shown}: ${files.size} files of the template ${template}${repository}.`);
  if (install) await installVisibly(plan);
  note(nextSteps(plan).join('\n'), 'Next');
  outro(start ? `Starting it: ${packageManager.run('dev')}` : furtherReading(plan));
  return start ? runScript(directory.path, packageManager, 'dev') : 0;
}

async function installVisibly({ directory, packageManager }: Plan): Promise<void> {
  const progress = process.stdout.isTTY ? spinner() : undefined;
  progress?.start(`Installing with ${packageManager.name}`);
  try {
    await installPackages(directory.path, packageManager);
  } catch (error) {
    progress?.error(`${packageManager.install} failed`);
    throw error;
  }
  if (progress === undefined) log.success(`Installed with ${packageManager.name}.`);
  else progress.stop(`Installed with ${packageManager.name}.`);
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
