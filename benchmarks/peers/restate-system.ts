import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@stateful-functions/servers';
import { request } from 'undici';
import { FunctionProcess } from './function-process.js';
import type { Paths, System } from './system.js';

/** What is not compiled, and has packages of its own. */
const folder = new URL('../../peers/restate/', import.meta.url);
const services = new URL('services.js', folder);

const paths: Paths = {
  greet: '/Greeter/{id}/greet',
  greetOneWay: '/Greeter/{id}/greet/send',
  hop: '/Ring/{id}/hop/send',
  seen: { greeter: '/Greeter/{id}/seen', emailSender: '/EmailSender/{id}/seen', ring: '/Ring/{id}/seen' },
};
const patienceMs = 60_000;
const pollMs = 20;

/**
 * Runs a server until its own standard input ends, which it does when the process that started it is gone, however it went; then
 * kills it.
 */
const guard = `
exec 3<&0
"$@" < /dev/null &
server=$!
{ read -r _ <&3; kill -KILL $server; } &
wait $server
kill -KILL $!
`;

/** Where Restate's server is. @throws if it, or the SDK, is not installed */
export function findRestate(): string {
  const packages = fileURLToPath(new URL('node_modules/@restatedev', folder));
  const server = join(packages, `restate-server-${process.platform}-${process.arch}/bin/restate-server`);
  const missing = [server, join(packages, 'restate-sdk/package.json')].filter((path) => !existsSync(path));
  if (missing.length > 0) {
    throw new Error(
      `Restate is not installed: there is no ${missing.join(' and no ')}. Run: npm ci --prefix benchmarks/peers/restate`,
    );
  }
  return server;
}

/** Restate: a server that has a folder, and a process with the functions, which it calls. */
export async function makeRestate(directory: string): Promise<System> {
  const ports = {
    ingress: await freePort(),
    admin: await freePort(),
    node: await freePort(),
    services: await freePort(),
  };
  return new RestateSystem(findRestate(), directory, ports);
}

interface Ports {
  readonly ingress: number;
  readonly admin: number;
  readonly node: number;
  readonly services: number;
}

class RestateSystem implements System {
  readonly paths = paths;
  readonly #program: string;
  readonly #directory: string;
  readonly #ports: Ports;
  #server: ChildProcess | undefined;
  #services: FunctionProcess | undefined;
  #isRegistered = false;

  constructor(program: string, directory: string, ports: Ports) {
    this.#program = program;
    this.#directory = directory;
    this.#ports = ports;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports.ingress}`;
  }

  async start(): Promise<void> {
    await this.#startServer();
    this.#services = await FunctionProcess.start(services, [String(this.#ports.services)]);
    if (!this.#isRegistered) await this.#register();
    this.#isRegistered = true;
  }

  async kill(): Promise<void> {
    const server = this.#server;
    const ended = server === undefined || server.exitCode !== null ? undefined : once(server, 'exit');
    server?.stdin?.end();
    await Promise.all([ended, this.#services?.kill()]);
  }

  async handled(): Promise<number> {
    return (await this.#services?.handled()) ?? 0;
  }

  /** As it is by default, synced writes included, but for where it listens, what it tells, and the one limit. */
  async #startServer(): Promise<void> {
    const log = await open(this.#logFile, 'a');
    const args = ['--no-logo', '--node-name', 'peer', '--base-dir', this.#directory];
    this.#server = spawn('sh', ['-c', guard, 'sh', this.#program, ...args], {
      cwd: this.#directory,
      stdio: ['pipe', log.fd, log.fd],
      env: {
        PATH: process.env.PATH,
        RESTATE_DISABLE_TELEMETRY: 'true',
        RESTATE_LOG_FILTER: 'warn',
        RESTATE_LISTEN_MODE: 'tcp',
        RESTATE_BIND_IP: '127.0.0.1',
        RESTATE_ADVERTISED_HOST: '127.0.0.1',
        RESTATE_BIND_PORT: String(this.#ports.node),
        RESTATE_INGRESS__BIND_PORT: String(this.#ports.ingress),
        RESTATE_ADMIN__BIND_PORT: String(this.#ports.admin),
        // With more at a time than its 2 cores handle in time, it tries calls again that are under way still.
        RESTATE_WORKER__INVOKER__CONCURRENT_INVOCATIONS_LIMIT: '20',
      },
    });
    await log.close();
  }

  /** Tells the server where the functions are, which it stores. */
  async #register(): Promise<void> {
    const body = JSON.stringify({ uri: `http://127.0.0.1:${this.#ports.services}` });
    const headers = { 'content-type': 'application/json' };
    for (const untilMs = performance.now() + patienceMs; ; await wait(pollMs)) {
      const answer = await request(`http://127.0.0.1:${this.#ports.admin}/deployments`, {
        method: 'POST',
        headers,
        body,
      })
        .then(async ({ statusCode, body: text }) => `${statusCode} ${await text.text()}`)
        .catch((error: Error) => String(error));
      if (answer.startsWith('2')) return;
      if (performance.now() > untilMs || this.#server?.exitCode !== null) {
        throw new Error(`Restate does not start: ${answer}\n${await readFile(this.#logFile, 'utf8')}`);
      }
    }
  }

  get #logFile(): string {
    return join(this.#directory, 'server.log');
  }
}
