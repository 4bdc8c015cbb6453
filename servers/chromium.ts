import { absent } from './absent.js';
import { isThere, output } from './command.js';
import { installed } from './debian.js';

/**
 * The path of a Chromium for tests of pages: that of `SF_CHROMIUM`, or one on the PATH; on Debian, as root, it is installed.
 *
 * @returns `undefined`, having said so, if there is none
 */
export async function findChromium(): Promise<string | undefined> {
  const named = process.env.SF_CHROMIUM;
  if (named !== undefined) return named;
  const commands = ['chromium', 'chromium-browser', 'google-chrome'];
  for (const command of commands) if (await isThere(command)) return pathOf(command);
  if (await installed('chromium', ['chromium'])) return pathOf('chromium');
  return absent(
    'Chromium',
    'Install it: apt-get install -y --no-install-recommends chromium. Or name it in SF_CHROMIUM.',
  );
}

function pathOf(command: string): Promise<string> {
  return output('sh', ['-c', 'command -v "$0"', command]);
}
