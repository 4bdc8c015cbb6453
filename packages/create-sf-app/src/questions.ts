import { confirm, isCancel, select, text } from '@clack/prompts';
import type { Flags } from './command-line.js';
import { checkEmpty, checkedName, defaultDirectory, defaultTemplate, packageManagerOf } from './defaults.js';
import { packageNameOf, packageNameProblem } from './package-name.js';
import type { Plan } from './plan.js';
import { TargetDirectory } from './target-directory.js';
import { type TemplateName, templateNames, templates } from './template.js';

/** Thrown when the user has had enough of questions. */
export class Cancelled extends Error {}

/**
 * The plan of flags, and of answers to what they leave open.
 *
 * @throws Cancelled; SF_INVALID_OPTION, SF_INVALID_NAME, SF_NOT_EMPTY
 */
export async function planByQuestions(flags: Flags, userAgent: string | undefined): Promise<Plan> {
  const packageManager = packageManagerOf(flags, userAgent);
  const path = flags.directory ?? (await askDirectory());
  const directory = new TargetDirectory(path);
  if (!flags.force && directory.isOccupied) await askWhetherToWriteInto(directory, flags);
  const name = flags.name === undefined ? await askName(directory) : checkedName(flags.name);
  const template = flags.template ?? (await askTemplate());
  const isDecided = flags.start !== undefined || flags.install !== undefined;
  const now = isDecided ? undefined : await askNow(packageManager.name);
  const start = flags.start ?? now ?? false;
  return { directory, name, template, packageManager, install: flags.install ?? start, start, git: flags.git };
}

async function askDirectory(): Promise<string> {
  const answer = await text({
    message: 'Where shall the application be?',
    placeholder: defaultDirectory,
    defaultValue: defaultDirectory,
  });
  return answered(answer).trim();
}

async function askWhetherToWriteInto(directory: TargetDirectory, flags: Flags): Promise<void> {
  const isAllowed = await confirm({
    message: `${directory.shown} is not empty. Write into it, and replace files of the same names?`,
    initialValue: false,
  });
  if (!answered(isAllowed)) checkEmpty(directory, flags);
}

/** The directory's own name, if a package can have it. */
async function askName(directory: TargetDirectory): Promise<string> {
  const name = packageNameOf(directory.path);
  if (directory.path.endsWith(name)) return name;
  const answer = await text({
    message: 'What shall the package be called?',
    initialValue: name,
    validate: (value = '') => packageNameProblem(value),
  });
  return answered(answer);
}

async function askTemplate(): Promise<TemplateName> {
  const answer = await select<TemplateName>({
    message: 'What shall it begin with?',
    initialValue: defaultTemplate,
    options: templateNames.map((name) => ({ value: name, label: name, hint: templates[name] })),
  });
  return answered(answer);
}

async function askNow(packageManager: string): Promise<boolean> {
  return answered(await confirm({ message: `Install with ${packageManager} and start now?` }));
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Cancelled();
  return answer as Exclude<T, symbol>;
}
