import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { CreateError } from './create-error.js';
import type { PackageManager } from './package-manager.js';

/** Windows finds the commands of package managers by way of a shell only. */
const shell = process.platform === 'win32';

/** Installs the packages of an application. @throws SF_INSTALL, with what the package manager said */
export async function installPackages(directory: string, packageManager: PackageManager): Promise<void> {
  const args = packageManager.installArguments;
  const installing = spawn(packageManager.name, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], shell });
  let said = '';
  for (const stream of [installing.stdout, installing.stderr]) {
    stream.on('data', (text: Buffer) => {
      said += text.toString();
    });
  }
  const problem = await once(installing, 'close').then(
    ([code]) => (code === 0 ? undefined : `ended with ${code}:\n\n${said.trim()}\n\n`),
    (error: Error) => `cannot be run (${error.message}). `,
  );
  if (problem === undefined) return;
  throw new CreateError(
    'SF_INSTALL',
    `${packageManager.install} ${problem}The application is there: mend this, and run the command again in its directory.`,
  );
}

/** Runs a script of an application in this terminal, until it ends. Resolves with its exit code. */
export async function runScript(directory: string, packageManager: PackageManager, script: string): Promise<number> {
  const running = spawn(packageManager.name, packageManager.runArguments(script), {
    cwd: directory,
    stdio: 'inherit',
    shell,
  });
  // A terminal sends Ctrl-C to all of its processes; this one waits for the script to end by it.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  const forward = () => running.kill('SIGTERM');
  process.on('SIGTERM', forward);
  const [code] = (await once(running, 'close')) as [number | null];
  process.off('SIGINT', ignore);
  process.off('SIGTERM', forward);
  return code ?? 1;
}
