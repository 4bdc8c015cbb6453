import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What a node needs to know. */
export interface NodeSetup {
  readonly servers: string;
  readonly application: string;
  readonly name: string;
  readonly bucket: string;
  readonly s3: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
}

const retryMs = 1_000;
/** How long a handler may take; those that hang on purpose take so long four times. */
export const handlerTimeoutMs = 1_000;

/** A node as an operating system process, to be killed, stopped and started again. */
export class NodeProcess {
  readonly name: string;
  readonly #setup: NodeSetup;
  #child: ChildProcess | undefined;
  #isPaused = false;
  #hasRun = false;
  #retry: NodeJS.Timeout | undefined;
  /** What it wrote to its standard error in all its lives: its log. */
  log = '';
  /** Ends nobody asked for, with the code they came with. */
  readonly crashes: string[] = [];

  constructor(setup: NodeSetup) {
    this.name = setup.name;
    this.#setup = setup;
  }

  get isAlive(): boolean {
    return this.#child !== undefined;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  start(): void {
    clearTimeout(this.#retry);
    const child = fork(new URL('./node.js', import.meta.url), [JSON.stringify(this.#setup)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: ['--enable-source-maps'],
      env: { ...process.env, SF_VERIFICATION_TIMEOUT_MS: `${handlerTimeoutMs}` },
    });
    this.#child = child;
    this.#isPaused = false;
    this.#hasRun = false;
    child.once('message', () => {
      this.#hasRun = true;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.log = (this.log + text.toString()).slice(-1_000_000);
      });
    }
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      // It may find no server when it starts: whoever looks after processes tries again.
      if (!this.#hasRun) this.#retry = setTimeout(() => this.start(), retryMs);
      else {
        this.crashes.push(`${this.name} ended by itself with ${code ?? signal}: ${this.#lastWords}`);
      }
    });
  }

  /** Resolves when it handles messages. */
  async whenRunning(): Promise<void> {
    if (this.#child !== undefined) await once(this.#child, 'message');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Has it hand over and end. */
  async leave(): Promise<void> {
    await this.#end('SIGTERM');
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
    this.#isPaused = true;
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
    this.#isPaused = false;
  }

  get #lastWords(): string {
    return this.log.trimEnd().split('\n').slice(-40).join('\n    ');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    clearTimeout(this.#retry);
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = (await ended) as [number | null];
    // One that has hardly started may not know yet how to leave.
    if (signal === 'SIGTERM' && code !== 0 && this.#hasRun)
      this.crashes.push(`${this.name} ended with ${code} when it was to leave: ${this.#lastWords}`);
  }
}
