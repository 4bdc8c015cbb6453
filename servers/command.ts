import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What a command prints; rejects when it fails or takes longer than `timeoutMs`. */
export async function output(command: string, args: readonly string[], timeoutMs = 600_000): Promise<string> {
  const { stdout } = await execute(command, args, { timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** Whether a command succeeds. */
export function succeeds(command: string, args: readonly string[], timeoutMs = 10_000): Promise<boolean> {
  return output(command, args, timeoutMs).then(
    () => true,
    () => false,
  );
}

/** Whether a command is there, by looking for it on the PATH. */
export function isThere(command: string): Promise<boolean> {
  return succeeds('sh', ['-c', 'command -v "$0"', command]);
}
