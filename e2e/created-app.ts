import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, type Surroundings } from './command.js';

/** An application that was created, with its packages installed. */
export class CreatedApp {
  readonly directory: string;
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(directory: string, environment: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.#environment = environment;
  }

  /** Creates one as a user would who has nothing but npm. */
  static async create(where: Surroundings, template: string): Promise<CreatedApp> {
    const flags = ['--template', template, '--install'];
    await new Command(where, 'npm', 'create', '--yes', 'sf-app@latest', `my-${template}`, '--', ...flags).succeeds();
    return new CreatedApp(join(where.directory, `my-${template}`), where.environment);
  }

  /** Runs a script of its `package.json`. */
  script(name: string, { args = [], environment = {} }: ScriptOptions = {}): Command {
    const all = { ...this.#environment, ...environment };
    const options = args.length === 0 ? [] : ['--', ...args];
    return new Command({ directory: this.directory, environment: all }, 'npm', 'run', name, ...options);
  }

  read(file: string): Promise<string> {
    return readFile(join(this.directory, file), 'utf8');
  }

  /** Replaces a text in a file. @throws if the file does not have it */
  async edit(file: string, old: string, text: string): Promise<void> {
    const content = await this.read(file);
    if (!content.includes(old)) throw new Error(`${file} does not have ${old}, but is:\n${content}`);
    await writeFile(join(this.directory, file), content.replace(old, text));
  }
}

export interface ScriptOptions {
  readonly args?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}
