import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process that serves functions at a port, tells when it does, and how many messages it has handled whenever it is asked. */
export class FunctionProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`a process that serves functions has ended with ${code ?? signal}`);
    });
    this.#ended.catch(() => undefined); // Whoever waits for an answer is told.
  }

  /** Resolves when it serves. */
  static async start(program: URL, args: readonly string[]): Promise<FunctionProcess> {
    const child = new FunctionProcess(fork(program, args));
    await child.#message();
    return child;
  }

  async handled(): Promise<number> {
    const answer = this.#message();
    this.#child.send('handled');
    return ((await answer) as { handled: number }).handled;
  }

  /** Ends it by `kill -9`. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended.catch(() => undefined);
  }

  async #message(): Promise<unknown> {
    const [message] = (await Promise.race([once(this.#child, 'message'), this.#ended])) as [unknown];
    return message;
  }
}
