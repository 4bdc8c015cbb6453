import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { installed } from './debian.js';
import { freePort } from './free-port.js';
import type { S3Access, S3Process } from './s3-server.js';

const script = fileURLToPath(new URL('../radosgw.sh', import.meta.url));
const packages = ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common', 'ceph-base'];
/** Somebody else may take a port between our look and Ceph's. */
const attempts = 3;

/** Ceph's S3 gateway with a cluster of one node behind it; takes about 15 s. */
export async function startCeph(): Promise<S3Process | undefined> {
  if (!(await installed('radosgw', packages))) return undefined;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await Ceph.start();
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

type Keeper = ChildProcessByStdio<Writable, Readable, null>;

/**
 * Talks to the script that keeps Ceph's processes.
 *
 * The script ends them when its input ends, so they cannot outlive this process, not even when it is killed. It has a process
 * group of its own, so that Ctrl-C reaches it that way too, and not half of its children first.
 */
class Ceph implements S3Process {
  readonly access: S3Access;
  readonly #keeper: Keeper;
  readonly #answers: AsyncIterator<string>;

  private constructor(access: S3Access, keeper: Keeper) {
    this.access = access;
    this.#keeper = keeper;
    this.#answers = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]();
  }

  static async start(): Promise<Ceph> {
    const folder = await mkdtemp(join(tmpdir(), 'ceph-'));
    const [monitorPort, s3Port] = [await freePort(), await freePort()];
    const access: S3Access = {
      endpoint: `http://127.0.0.1:${s3Port}`,
      region: 'us-east-1',
      accessKeyId: 'TESTACCESSKEY',
      secretAccessKey: 'test-secret-key',
    };
    const args = [script, folder, `${monitorPort}`, `${s3Port}`, access.accessKeyId, access.secretAccessKey];
    const keeper = spawn('bash', args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    const ceph = new Ceph(access, keeper);
    await ceph.#answer('started');
    // Whoever does not dispose of it can still end.
    keeper.unref();
    (keeper.stdin as Socket).unref();
    return ceph;
  }

  async stop(): Promise<void> {
    this.#keeper.stdin.write('stop\n');
    await this.#answer('stopped');
  }

  async start(): Promise<void> {
    this.#keeper.stdin.write('start\n');
    await this.#answer('started');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keeper.exitCode !== null) return;
    this.#keeper.ref();
    this.#keeper.stdin.end();
    await once(this.#keeper, 'exit');
  }

  async #answer(expected: string): Promise<void> {
    const output = this.#keeper.stdout as Socket;
    output.ref();
    const { value, done } = await this.#answers.next();
    output.unref();
    if (done === true) throw new Error(`Ceph's gateway ended before it ${expected}.`);
    if (value !== expected) throw new Error(`Ceph's gateway ${value} where it should have ${expected}.`);
  }
}
