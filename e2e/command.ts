import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

/** Where to run a command, and with what in its environment. */
export interface Surroundings {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Longer than anything takes that goes well. */
const patienceMs = 120_000;

/**
 * Runs a command as a terminal does, in a process group of its own and without input. The group gets the signal of Ctrl-C when the
 * shell's own input ends: when that is closed, or when the process that started it is gone.
 */
const guard = `
exec 3<&0 < /dev/null
trap : INT
{ read -r _ <&3; kill -INT -$$; } &
waiting=$!
"$@" 3<&-
code=$?
kill -KILL $waiting 2> /dev/null
exit $code
`;

/** A command that runs, and what it has said so far. */
export class Command implements AsyncDisposable {
  readonly #line: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<number | null>;
  readonly #events = new EventEmitter();
  #said = '';
  #hasEnded = false;

  constructor({ directory, environment }: Surroundings, program: string, ...args: string[]) {
    this.#line = [program, ...args].join(' ');
    const child = spawn('sh', ['-c', guard, 'sh', program, ...args], {
      cwd: directory,
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += stripVTControlCharacters(text);
        this.#events.emit('news');
      });
    }
    this.#ended = once(child, 'close').then(([code]) => {
      this.#hasEnded = true;
      this.#events.emit('news');
      return code as number | null;
    });
  }

  /** All that it has said, on either output. */
  get said(): string {
    return this.#said;
  }

  /** Waits until it has said so, behind the character `from`. @throws if it ends without, or takes too long */
  says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return this.#within(`say ${pattern}`, async () => {
      for (;;) {
        const found = pattern.exec(this.#said.slice(from));
        if (found !== null) return found;
        if (this.#hasEnded) throw this.#failure(`ended without saying ${pattern}`);
        await once(this.#events, 'news');
      }
    });
  }

  /** Waits for its end. @throws if it does not end with 0 */
  async succeeds(): Promise<string> {
    const code = await this.#within('end', () => this.#ended);
    if (code !== 0) throw this.#failure(`ended with ${code}`);
    return this.#said;
  }

  /** Ends it as Ctrl-C does, and waits until all of its processes have ended. */
  async stop(): Promise<void> {
    this.#child.stdin.end();
    await this.#within('end', () => this.#ended);
  }

  /** Ends all of its processes at once. */
  async kill(): Promise<void> {
    process.kill(-(this.#child.pid as number), 'SIGKILL');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.stop();
  }

  async #within<T>(what: string, work: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#failure(`did not ${what} within ${patienceMs / 1_000} s`)), patienceMs);
    });
    try {
      return await Promise.race([work(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #failure(how: string): Error {
    return new Error(`${this.#line} ${how}. It said:\n${this.#said}`);
  }
}
