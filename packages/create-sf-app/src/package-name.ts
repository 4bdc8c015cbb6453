import { builtinModules } from 'node:module';
import { basename, resolve } from 'node:path';

/** A part of what npm allows: a name that can also be a folder, and needs no quotes anywhere. */
const form = /^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/;
const reserved: ReadonlySet<string> = new Set(['node_modules', 'favicon.ico', ...builtinModules]);
const maxLength = 214;

/** What is wrong with the name of a package; `undefined` if nothing is. */
export function packageNameProblem(name: string): string | undefined {
  if (name.length > maxLength) return `it is longer than ${maxLength} characters`;
  if (reserved.has(name)) return 'it is reserved';
  if (!form.test(name)) {
    return 'a name begins with a small letter or a digit, goes on with these, hyphens, dots and underscores, and may have a @scope/ before it';
  }
  return undefined;
}

/** The name for a package in a folder: the folder's, with what a name cannot have replaced or left out. */
export function packageNameOf(directory: string): string {
  const name = basename(resolve(directory))
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[-._]+|[-._]+$/g, '')
    .slice(0, maxLength);
  return packageNameProblem(name) === undefined ? name : 'my-app';
}
