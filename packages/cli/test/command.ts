import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/sf.js', import.meta.url));

/** The compiled module that the tests start. */
export const rideModule = fileURLToPath(new URL('./modules/ride.module.js', import.meta.url));

/** How a run of `sf` ended. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A run of `sf`, the real program in a process of its own. */
export class Run {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  readonly #lines: string[] = [];
  readonly #heard = new EventEmitter();
  #err = '';

  constructor(folder: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      // Any value of FORCE_COLOR, also 0, has compilers write for a terminal.
      env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      this.#lines.push(line);
      this.#heard.emit('text');
    });
    this.child.stderr?.on('data', (text: Buffer) => {
      this.#err += text.toString();
      this.#heard.emit('text');
    });
    this.outcome = Promise.all([once(this.child, 'close'), once(lines, 'close')]).then(([[code, signal]]) => ({
      code,
      signal,
      out: this.#lines.map((line) => `${line}\n`).join(''),
      err: this.#err,
    }));
  }

  /** Waits for a line that begins so many times, and gives the last. @throws if the program ends without */
  says(beginning: string, times = 1): Promise<string> {
    return this.#waitFor(beginning, () => {
      const said = this.#lines.filter((line) => line.startsWith(beginning));
      return said.length >= times ? said.at(-1) : undefined;
    });
  }

  /** Waits for a text on the standard error output. @throws if the program ends without */
  async notes(text: string): Promise<void> {
    await this.#waitFor(text, () => (this.#err.includes(text) ? text : undefined));
  }

  async #waitFor(what: string, look: () => string | undefined): Promise<string> {
    let hasEnded = false;
    void this.outcome.then(() => {
      hasEnded = true;
    });
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (hasEnded) throw new Error(`sf ended without saying ${what}: ${this.#err}`);
      await Promise.race([once(this.#heard, 'text'), this.outcome]);
    }
  }
}

/** What a run of `sf` came to, in a folder. */
export function sf(folder: string, ...args: string[]): Promise<Outcome> {
  return new Run(folder, args).outcome;
}

/** The lines of a run's output, as JSON. */
export function jsonOf<T>({ out }: Outcome): T[] {
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T);
}

/** Waits until a condition holds that nobody tells of. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
