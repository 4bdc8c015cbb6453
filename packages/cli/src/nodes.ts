import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { exitCode } from './exit-code.js';

const program = fileURLToPath(new URL('./sf.js', import.meta.url));

/**
 * Runs `sf` several times at once, each with these arguments, and ends when all have ended.
 *
 * SIGINT and SIGTERM are passed on. Each node leads a process group, or Ctrl-C would reach it twice, and the second signal ends
 * at once. When this process is killed, the nodes notice, and end in good order.
 */
export async function runNodes(count: number, args: readonly string[]): Promise<number> {
  const nodes = Array.from({ length: count }, () =>
    spawn(process.execPath, [...process.execArgv, program, ...args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
    }),
  );
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const forward = (signal: NodeJS.Signals) => {
    for (const node of nodes) node.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  const outcomes = await Promise.all(nodes.map(ended));
  for (const signal of signals) process.off(signal, forward);
  return outcomes.every((code) => code === 0) ? exitCode.fine : exitCode.failed;
}

function ended(node: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    node.on('error', () => resolve(null));
    node.on('exit', (code) => resolve(code));
  });
}
