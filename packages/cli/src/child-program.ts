import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const preload = new URL('./preload-end-with-parent.js', import.meta.url).href;

/** Longer than an application takes by default for handlers that do not end. */
const stopTimeoutMs = 15_000;

/**
 * A program of the user's that runs as a process of its own.
 *
 * It leads a process group, or Ctrl-C would reach it twice, and the second signal ends at once. It ends in good order when this
 * process is killed.
 */
export class ChildProgram {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #isStopping = false;

  /** @param ended is told how the program ended, `with 1` or `by SIGKILL`, if it did so by itself */
  constructor(file: string, ended: (how: string) => void) {
    const child = spawn(process.execPath, ['--enable-source-maps', '--import', preload, file], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
    });
    this.#child = child;
    this.#ended = once(child, 'exit').then(([code, signal]) => {
      if (!this.#isStopping) ended(signal === null ? `with ${code}` : `by ${signal}`);
    });
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends it as a SIGTERM does, with a final checkpoint; at once when it takes too long, which loses nothing either. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.#isStopping = true;
    this.#child.kill('SIGTERM');
    const patience = setTimeout(() => this.kill(), stopTimeoutMs);
    await this.#ended;
    clearTimeout(patience);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
