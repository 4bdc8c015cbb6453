import { existsSync } from 'node:fs';
import { isThere, output } from './command.js';

/** Test runs that start at the same time install one after the other; whoever comes second finds everything there. */
const lockFile = '/var/lock/stateful-functions-apt';

/**
 * Installs Debian packages, if this is Debian and we are root; resolves whether `command` is there then.
 *
 * What is there already is used as it is, on any system.
 */
export async function installed(command: string, packages: readonly string[]): Promise<boolean> {
  if (await isThere(command)) return true;
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return false;
  console.error(`Installing ${packages.join(', ')} …`);
  const install = `apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 ${packages.join(' ')}`;
  try {
    // With run level 1, no server is started as a service.
    const quietly = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];
    await output('flock', [lockFile, ...quietly, 'sh', '-c', `${install} || { apt-get update && ${install}; }`]);
  } catch (error) {
    console.error(`apt-get did not install ${packages.join(', ')}: ${(error as Error).message}`);
  }
  return isThere(command);
}
