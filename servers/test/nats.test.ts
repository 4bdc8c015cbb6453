import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type NatsServer, startNats } from '../nats.js';

const program = fileURLToPath(new URL('programs/start-and-wait.js', import.meta.url));

describe('A nats-server for tests', () => {
  let server: NatsServer | undefined;

  before(async function () {
    this.timeout(300_000); // It may have to be installed.
    server = await startNats({ config: 'max_payload: 12345' });
  });
  after(() => server?.[Symbol.asyncDispose]());

  it('answers where it says, with the configuration it was given, and again after a kill and a restart', async () => {
    if (server === undefined) return;
    const { url, pid } = server;
    expect(await infoOf(url)).to.include({ jetstream: true, max_payload: 12_345 });
    await server.kill();
    expect(isRunning(pid)).to.equal(false);
    await server.restart();
    expect(server.url).to.equal(url);
    expect(await infoOf(url)).to.include({ jetstream: true, max_payload: 12_345 });
    await server.restart({ jetStream: false });
    expect(await infoOf(url))
      .to.include({ max_payload: 1_048_576 })
      .and.not.have.property('jetstream');
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
    it(`is gone when the process that started it ends by ${signal}`, async () => {
      if (server === undefined) return;
      const starter = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = (await once(starter.stdout, 'data')) as [Buffer];
      const { pid, folder } = JSON.parse(line.toString()) as { pid: number; folder: string };
      expect(isRunning(pid)).to.equal(true);
      starter.kill(signal);
      while (isRunning(pid) || existsSync(folder)) await pause(5);
    });
  }

  it('says what keeps it from starting', async () => {
    if (server === undefined) return;
    const error = await startNats({ config: 'no_such_option: {' }).catch((thrown: unknown) => thrown);
    expect(error)
      .to.be.an('error')
      .with.property('message')
      .that.matches(/did not start:\nnats-server: .*parse/i);
  });
});

/** What a server tells of itself to whoever connects. */
async function infoOf(url: string): Promise<object> {
  const [host, port] = url.split(':');
  const socket = createConnection(Number(port), host);
  const [line] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return JSON.parse(line.toString().slice('INFO '.length));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
