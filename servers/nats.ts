import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { absent } from './absent.js';
import { installed } from './debian.js';

export interface NatsServerOptions {
  /** Whether JetStream is on; it is, unless this is `false`. */
  readonly jetStream?: boolean;
  /** Further lines of the server's configuration: users, permissions, TLS, limits. */
  readonly config?: string;
}

/** A command that runs nats-server with the arguments behind it, and one that ends what it runs. */
interface Launcher {
  readonly command: readonly string[];
  readonly stop: string;
}

const startTimeoutMs = 30_000;

/**
 * Runs a server until its own standard input ends, which it does when the process that started it is gone, however it went. So
 * neither the server nor its folder outlives a test that was killed. A line, given twice, says that the folder is to stay.
 */
const guard = `
trap '' INT TERM HUP PIPE
exec 3<&0 2> /dev/null
folder=$1; shift
"$@" >> "$folder/out.log" 2>&1 < /dev/null &
server=$!
echo $server
{ read -r keep <&3; eval "$STOP"; } &
stopper=$!
wait $server
kill -KILL $stopper
echo ended
read -r keep <&3
[ -n "$keep" ] || rm -rf "$folder"
`;

/**
 * Starts a nats-server of its own on a random port of this machine, with a folder of its own.
 *
 * The program is that of `SF_NATS_SERVER`, or on the PATH; on Debian, as root, it is installed; else Docker runs it.
 *
 * @returns `undefined`, having said so, if there is none
 */
export async function startNats(options: NatsServerOptions = {}): Promise<NatsServer | undefined> {
  const launcher = await findLauncher();
  if (launcher === undefined) {
    return absent(
      'nats-server',
      'Install it: apt-get install nats-server, or see https://github.com/nats-io/nats-server.',
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'nats-'));
  const server = new NatsServer(launcher, folder, options);
  try {
    await server.restart();
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

/** A running nats-server. Disposing of it ends it, and removes what it stored. */
export class NatsServer implements AsyncDisposable {
  readonly #launcher: Launcher;
  readonly #options: NatsServerOptions;
  #running: ChildProcessWithoutNullStreams | undefined;
  #port = -1;
  #pid = 0;

  constructor(
    launcher: Launcher,
    /** Holds its configuration, its log and its store. */
    readonly folder: string,
    options: NatsServerOptions,
  ) {
    this.#launcher = launcher;
    this.#options = options;
  }

  /** `127.0.0.1:PORT`; the same after a restart. */
  get url(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Of the process that runs, to stop and to continue it. */
  get pid(): number {
    return this.#pid;
  }

  /** Ends the server at once, with SIGKILL, if it runs. What it stored stays. */
  async kill(): Promise<void> {
    await this.#end('keep\nkeep\n');
  }

  /** Starts the server on the same port and store, having killed it if it runs; `options` replace those it had. */
  async restart({ jetStream = true, config = '' }: NatsServerOptions = this.#options): Promise<void> {
    await this.kill();
    const ports = join(this.folder, 'ports');
    await rm(ports, { recursive: true, force: true });
    await mkdir(ports);
    const file = join(this.folder, 'nats.conf');
    const store = jetStream ? `jetstream { store_dir: ${JSON.stringify(join(this.folder, 'store'))} }` : '';
    await writeFile(file, `host: 127.0.0.1\nport: ${this.#port}\n${store}\n${config}\n`);
    const [shell, ...guarded] = ['sh', '-c', guard, 'sh', this.folder, ...this.#launcher.command] as const;
    const running = spawn(shell, [...guarded, '-c', file, '--ports_file_dir', ports], {
      detached: true,
      env: { ...process.env, STOP: this.#launcher.stop },
    });
    this.#running = running;
    const [pid] = (await once(running.stdout, 'data')) as [Buffer];
    this.#pid = Number.parseInt(pid.toString(), 10);
    this.#port = await this.#portOf(ports, once(running.stdout, 'data'));
    running.unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('');
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(line: string): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const ended = once(running, 'close');
    running.ref();
    running.stdin.end(line);
    await ended;
  }

  /** The port that the server tells of once it takes connections. */
  async #portOf(folder: string, end: Promise<unknown>): Promise<number> {
    const giveUpAt = Date.now() + startTimeoutMs;
    let hasEnded = false;
    end.then(() => {
      hasEnded = true;
    });
    while (!hasEnded && Date.now() < giveUpAt) {
      const [file] = (await readdir(folder)).filter((name) => name.endsWith('.ports'));
      const text = file === undefined ? '' : await readFile(join(folder, file), 'utf8');
      const port = /:(\d+)"/.exec(text)?.[1];
      if (port !== undefined) return Number(port);
      await pause(5);
    }
    const log = await readFile(join(this.folder, 'out.log'), 'utf8');
    throw new Error(`nats-server did not start:\n${log}`);
  }
}

async function findLauncher(): Promise<Launcher | undefined> {
  let found = findProgram();
  if (found === undefined) {
    await installed('nats-server', ['nats-server']);
    found = findProgram(); // Also where the PATH does not lead.
  }
  if (found !== undefined) return { command: [found], stop: 'kill -KILL $server' };
  if (spawnSync('docker', ['info']).status !== 0) return undefined;
  const name = `nats-${randomUUID()}`;
  const folders = ['--volume', `${tmpdir()}:${tmpdir()}`, '--user', `${process.getuid?.()}:${process.getgid?.()}`];
  return {
    command: ['docker', 'run', '--rm', '--name', name, '--network', 'host', ...folders, 'nats:2'],
    stop: `docker kill ${name}`,
  };
}

function findProgram(): string | undefined {
  const named = process.env.SF_NATS_SERVER;
  if (named !== undefined) return named;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, 'nats-server')).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
