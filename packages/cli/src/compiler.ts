import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { StatefulFunctionsError } from '@stateful-functions/core';

/** The TypeScript compiler that the project in the working folder has installed. */
export class Compiler {
  readonly #program: string;

  private constructor(program: string) {
    this.#program = program;
  }

  /** @throws SF_MISSING_PACKAGE */
  static ofProject(): Compiler {
    try {
      const description = createRequire(resolve('package.json')).resolve('typescript/package.json');
      const { bin } = JSON.parse(readFileSync(description, 'utf8')) as { bin: { tsc: string } };
      return new Compiler(join(dirname(description), bin.tsc));
    } catch (cause) {
      throw new StatefulFunctionsError(
        'SF_MISSING_PACKAGE',
        `${process.cwd()} has no TypeScript to compile with. Run npm install --save-dev typescript there.`,
        { cause },
      );
    }
  }

  /** Compiles once, as `tsconfig.json` says; what is wrong goes to the terminal. Resolves with whether all is right. */
  async compile(signal: AbortSignal): Promise<boolean> {
    const compilation = spawn(process.execPath, [this.#program], { stdio: ['ignore', 'inherit', 'inherit'] });
    const stop = () => compilation.kill();
    signal.addEventListener('abort', stop);
    const [code] = (await once(compilation, 'close')) as [number | null];
    signal.removeEventListener('abort', stop);
    return code === 0;
  }
}
