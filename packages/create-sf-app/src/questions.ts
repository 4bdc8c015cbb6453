import { basename } from 'node:path';
import { styleText } from 'node:util';
import { type CommonOptions, confirm, isCancel, select, text } from '@clack/prompts';
import type { Flags } from './command-line.js';
import { checkEmpty, checkedName, defaultDirectory, defaultTemplate, packageManagerOf } from './defaults.js';
import { packageNameOf, packageNameProblem } from './package-name.js';
import type { Plan } from './plan.js';
import { TargetDirectory } from './target-directory.js';
import { type TemplateName, templateNames, templates } from './template.js';

/** Thrown when the user has had enough of questions. */
export class Cancelled extends Error {}

/** The terminal to ask in. */
export type Terminal = Pick<CommonOptions, 'input' | 'output'>;

/**
 * The plan of flags, and of answers to what they leave open.
 *
 * @throws Cancelled; SF_INVALID_OPTION, SF_INVALID_NAME, SF_NOT_EMPTY
 */
export async function planByQuestions(
  flags: Flags,
  userAgent: string | undefined,
  terminal: Terminal = {},
): Promise<Plan> {
  const { git } = flags;
  const packageManager = packageManagerOf(flags, userAgent);
  const directory = new TargetDirectory(flags.directory ?? (await askDirectory(terminal)));
  if (!flags.force && directory.isOccupied) await askWhetherToWriteInto(directory, flags, terminal);
  const name = flags.name === undefined ? await askName(directory, terminal) : checkedName(flags.name);
  const template = flags.template ?? (await askTemplate(terminal));
  const isDecided = flags.start !== undefined || flags.install !== undefined;
  const start = isDecided ? (flags.start ?? false) : await askNow(packageManager.name, terminal);
  return { directory, name, template, packageManager, install: flags.install ?? start, start, git };
}

async function askDirectory(terminal: Terminal): Promise<string> {
  const answer = await text({
    ...terminal,
    message: 'Where shall the application be?',
    placeholder: defaultDirectory,
    defaultValue: defaultDirectory,
  });
  return answered(answer).trim();
}

async function askWhetherToWriteInto(directory: TargetDirectory, flags: Flags, terminal: Terminal): Promise<void> {
  const isAllowed = await confirm({
    ...terminal,
    message: `${directory.shown} is not empty. Write into it, and replace files of the same names?`,
    initialValue: false,
  });
  if (!answered(isAllowed)) checkEmpty(directory, flags);
}

/** The directory's own name, if a package can have it. */
async function askName({ path }: TargetDirectory, terminal: Terminal): Promise<string> {
  const name = packageNameOf(path);
  if (name === basename(path)) return name;
  const answer = await text({
    ...terminal,
    message: 'What shall the package be called?',
    initialValue: name,
    validate: (value = '') => packageNameProblem(value),
  });
  return answered(answer);
}

async function askTemplate(terminal: Terminal): Promise<TemplateName> {
  const answer = await select<TemplateName>({
    ...terminal,
    message: 'What shall it begin with?',
    initialValue: defaultTemplate,
    options: templateNames.map((name) => ({
      value: name,
      label: `${name.padEnd(8)} ${styleText('dim', templates[name])}`,
    })),
  });
  return answered(answer);
}

async function askNow(packageManager: string, terminal: Terminal): Promise<boolean> {
  return answered(await confirm({ ...terminal, message: `Install with ${packageManager} and start now?` }));
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Cancelled();
  return answer as Exclude<T, symbol>;
}
