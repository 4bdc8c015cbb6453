import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { NodeFigures } from '../page/frame.js';

/** What a node needs to know. */
export interface NodeSetup {
  readonly servers: string;
  readonly application: string;
  readonly name: string;
  /** Where its checkpoints are, and those of the others. */
  readonly folder: string;
  /** So many nodes must be there before it begins for the first time. */
  readonly minWorkers: number;
}

/** So that a kill can be seen. */
const restartAfterMs = 1_500;

/** A node as an operating system process that is started again whenever it ends. */
export class NodeProcess {
  readonly name: string;
  readonly #setup: NodeSetup;
  #child: ChildProcess | undefined;
  #isRunning = false;
  #restart: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(setup: NodeSetup) {
    this.name = setup.name;
    this.#setup = setup;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get state(): NodeFigures['state'] {
    if (this.#child === undefined) return 'down';
    return this.#isRunning ? 'running' : 'starting';
  }

  /** `kill -9`, by its own process id. */
  kill(): boolean {
    return this.#child?.kill('SIGKILL') ?? false;
  }

  /** Ends it for good. */
  async end(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  #start(): void {
    const child = fork(new URL('./node.js', import.meta.url), [JSON.stringify(this.#setup)], {
      execArgv: ['--enable-source-maps'],
      // Ctrl-C is for whoever started it, who ends it.
      detached: true,
    });
    this.#child = child;
    child.once('message', () => {
      this.#isRunning = true;
    });
    child.once('exit', () => {
      this.#child = undefined;
      this.#isRunning = false;
      if (!this.#isOver) this.#restart = setTimeout(() => this.#start(), restartAfterMs);
    });
  }
}
