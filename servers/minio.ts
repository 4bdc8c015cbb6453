import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { output, succeeds } from './command.js';
import { freePort } from './free-port.js';
import type { S3Access, S3Process } from './s3-server.js';

const image = 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z';
const startTimeoutMs = 60_000;

/** MinIO in a container. */
export async function startMinio(): Promise<S3Process | undefined> {
  if (!(await succeeds('docker', ['version']))) return undefined;
  const port = await freePort();
  const access: S3Access = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    accessKeyId: 'testaccesskey',
    secretAccessKey: 'test-secret-key',
  };
  const container = await output('docker', [
    ...['run', '--detach', '--publish', `127.0.0.1:${port}:9000`],
    ...['--env', `MINIO_ROOT_USER=${access.accessKeyId}`, '--env', `MINIO_ROOT_PASSWORD=${access.secretAccessKey}`],
    ...[image, 'server', '/data'],
  ]);
  const minio = new Minio(access, container);
  await minio.whenReady();
  return minio;
}

class Minio implements S3Process {
  readonly access: S3Access;
  readonly #container: string;
  readonly #keeper: ChildProcess;

  constructor(access: S3Access, container: string) {
    this.access = access;
    this.#container = container;
    // Removes the container when its input ends, as it does when this process is killed.
    this.#keeper = spawn('sh', ['-c', 'cat; docker rm --force --volumes "$0"', container], {
      detached: true,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    this.#keeper.unref();
    (this.#keeper.stdin as Socket).unref();
  }

  async stop(): Promise<void> {
    await output('docker', ['kill', this.#container]);
  }

  async start(): Promise<void> {
    await output('docker', ['start', this.#container]);
    await this.whenReady();
  }

  /** Resolves when the server answers. */
  async whenReady(): Promise<void> {
    const deadline = performance.now() + startTimeoutMs;
    while (!(await isReady(this.access.endpoint))) {
      if (performance.now() > deadline) throw new Error(`MinIO did not answer at ${this.access.endpoint}.`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keeper.exitCode !== null) return;
    this.#keeper.ref();
    this.#keeper.stdin?.end();
    await once(this.#keeper, 'exit');
  }
}

function isReady(endpoint: string): Promise<boolean> {
  return fetch(`${endpoint}/minio/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}
