import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from './command.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'e2e/registry');

/** Ours are served from here alone; everything else is asked of the registry that npm is configured with. */
const configuration = (storage: string, upstream: string) => `\
storage: ${JSON.stringify(storage)}
uplinks:
  upstream:
    url: ${JSON.stringify(upstream)}
    maxage: 1h
    timeout: 60s
packages:
  '@stateful-functions/*': { access: $all, publish: $all }
  create-sf-app: { access: $all, publish: $all }
  '**': { access: $all, proxy: upstream }
log: { type: stdout, format: json, level: fatal }
`;

/** A registry of npm packages on this machine, with the packages of this repository in it. */
export class Registry implements AsyncDisposable {
  readonly #server: ChildProcess;
  /** Where it is; only this machine can reach it. */
  readonly url: string;

  private constructor(server: ChildProcess, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}/`;
  }

  /** @param workFolder where it may store what it likes */
  static async start(workFolder: string): Promise<Registry> {
    const here = { directory: root, environment: process.env };
    if (!existsSync(join(folder, 'node_modules/verdaccio'))) {
      await new Command({ ...here, directory: folder }, 'npm', 'ci', '--no-audit', '--no-fund').succeeds();
    }
    const upstream = (await new Command(here, 'npm', 'config', 'get', 'registry').succeeds()).trim();
    const file = join(workFolder, 'registry.yaml');
    await writeFile(file, configuration(join(workFolder, 'registry'), upstream));
    const server = fork(join(folder, 'serve.js'), [file], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [port] = (await Promise.race([once(server, 'message'), endOf(server)])) as [number];
    return new Registry(server, port);
  }

  /** Publishes packages that were packed; `environment` has npm use this registry. */
  async publish(files: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
    const where = { directory: tmpdir(), environment };
    await Promise.all(files.map((file) => new Command(where, 'npm', 'publish', '--access=public', file).succeeds()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.exitCode !== null) return;
    this.#server.disconnect();
    await once(this.#server, 'exit');
  }
}

/** Packs the packages of this repository into a folder; resolves with the files. */
export async function pack(into: string): Promise<string[]> {
  const packages = (await readdir(join(root, 'packages'))).map((name) => `./packages/${name}`);
  const here = { directory: root, environment: process.env };
  await new Command(here, 'npm', 'pack', '--silent', '--pack-destination', into, ...packages).succeeds();
  return (await readdir(into)).filter((name) => name.endsWith('.tgz')).map((name) => join(into, name));
}

async function endOf(server: ChildProcess): Promise<never> {
  const [code] = await once(server, 'exit');
  throw new Error(`The registry ended with ${code} before it listened.`);
}
