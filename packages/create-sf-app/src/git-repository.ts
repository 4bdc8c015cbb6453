import { spawnSync } from 'node:child_process';

/** Makes a folder a git repository, unless it is in one. Tells whether it did; without git, it does not. */
export function initializeGit(directory: string): boolean {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: directory, stdio: 'ignore' }).status === 0;
  if (git('rev-parse', '--is-inside-work-tree')) return false;
  return git('init');
}
