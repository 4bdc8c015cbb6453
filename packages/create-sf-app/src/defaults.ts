import type { Flags } from './command-line.js';
import { CreateError } from './create-error.js';
import { PackageManager } from './package-manager.js';
import { packageNameOf, packageNameProblem } from './package-name.js';
import type { Plan } from './plan.js';
import { TargetDirectory } from './target-directory.js';

export const defaultDirectory = 'my-app';
export const defaultTemplate = 'minimal';

/**
 * The plan of flags and defaults alone, for where nobody can be asked.
 *
 * @throws SF_INVALID_OPTION, SF_INVALID_NAME, SF_NOT_EMPTY
 */
export function planByDefaults(flags: Flags, userAgent: string | undefined): Plan {
  const { template = defaultTemplate, start = false, install = start, git } = flags;
  const path = flags.directory ?? (flags.yes ? defaultDirectory : undefined);
  if (path === undefined) {
    throw new CreateError(
      'SF_INVALID_OPTION',
      'no directory is given, and there is no terminal to ask in. Give one: npm create sf-app@latest my-app',
    );
  }
  const directory = new TargetDirectory(path);
  checkEmpty(directory, flags);
  const name = checkedName(flags.name ?? packageNameOf(path));
  return { directory, name, template, packageManager: packageManagerOf(flags, userAgent), install, start, git };
}

/** The package manager that was asked for, or else the one that runs this. */
export function packageManagerOf({ packageManager }: Flags, userAgent: string | undefined): PackageManager {
  return packageManager === undefined ? PackageManager.ofUserAgent(userAgent) : new PackageManager(packageManager);
}

/** @throws SF_NOT_EMPTY */
export function checkEmpty(directory: TargetDirectory, { force }: Flags): void {
  if (force || !directory.isOccupied) return;
  throw new CreateError(
    'SF_NOT_EMPTY',
    `${directory.shown} is not empty. Name another directory, or give --force to write into this one.`,
  );
}

/** @throws SF_INVALID_NAME */
export function checkedName(name: string): string {
  const problem = packageNameProblem(name);
  if (problem === undefined) return name;
  throw new CreateError('SF_INVALID_NAME', `${JSON.stringify(name)} cannot name a package: ${problem}. Give --name.`);
}
