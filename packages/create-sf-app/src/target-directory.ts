import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { CreateError } from './create-error.js';

/** The folder that the application is to be in. */
export class TargetDirectory {
  /** Absolute. */
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** As one would write it from the working folder; `.` for that itself. */
  get shown(): string {
    const fromHere = relative(process.cwd(), this.path);
    if (fromHere === '') return '.';
    return fromHere.startsWith('..') ? this.path : fromHere;
  }

  /** Whether something is in it; a repository without files counts as nothing. @throws SF_INVALID_OPTION if it is a file */
  get isOccupied(): boolean {
    if (!existsSync(this.path)) return false;
    if (!statSync(this.path).isDirectory()) {
      throw new CreateError('SF_INVALID_OPTION', `${this.shown} is a file. Name a directory that is not there yet.`);
    }
    return readdirSync(this.path).some((name) => name !== '.git');
  }

  /** Makes it, if it is not there, and the folders above. @throws SF_STORAGE */
  make(): void {
    try {
      mkdirSync(this.path, { recursive: true });
    } catch (cause) {
      throw new CreateError(
        'SF_STORAGE',
        `${this.path} cannot be made: ${(cause as Error).message}. Name another directory.`,
        { cause },
      );
    }
  }
}
