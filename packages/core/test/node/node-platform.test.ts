import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { nodePlatform } from '../../src/node/node-platform.js';

describe('nodePlatform', () => {
  const { clock, scheduler, random, files } = nodePlatform();
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'node-platform-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('runs deferred work in order, after promises', async () => {
    const seen: string[] = [];
    const done = new Promise<void>((resolve) => {
      scheduler.defer(() => seen.push('first'));
      scheduler.defer(() => {
        seen.push('second');
        resolve();
      });
    });
    void Promise.resolve().then(() => seen.push('promise'));
    await done;
    expect(seen).to.deep.equal(['promise', 'first', 'second']);
  });

  it('runs no timer early, and none that was cancelled', async () => {
    let cancelled = true;
    scheduler
      .after(1, () => {
        cancelled = false;
      })
      .cancel();
    const begin = clock.monotonic();
    const elapsed = await Promise.all(
      [0, 1, 2.5, 7].map(
        (ms) => new Promise<number>((resolve) => scheduler.after(ms, () => resolve(clock.monotonic() - begin - ms))),
      ),
    );
    for (const late of elapsed) expect(late).to.be.at.least(0);
    expect(cancelled).to.equal(true);
  });

  it('does not run a timer of months at once', async () => {
    let ran = false;
    const scheduled = scheduler.after(2 ** 33, () => {
      ran = true;
    });
    await new Promise<void>((resolve) => scheduler.after(5, resolve));
    scheduled.cancel();
    expect(ran).to.equal(false);
  });

  it('gives random bytes that differ', () => {
    expect(random.bytes(16)).to.have.length(16).and.not.to.deep.equal(random.bytes(16));
  });

  it('writes, reads, truncates and links files', async () => {
    const path = join(directory, 'file');
    const file = await files.open(path, 'update');
    await file.write(0, Uint8Array.of(1, 2, 3, 4));
    await file.write(6, Uint8Array.of(7));
    await file.sync();
    expect(await file.read(2, 100)).to.deep.equal(Uint8Array.of(3, 4, 0, 0, 7));
    await file.truncate(3);
    expect(await file.size()).to.equal(3);
    await file.close();
    await files.link(path, `${path}2`);
    await files.syncDirectory(directory);
    expect(await codeOf(files.link(path, `${path}2`))).to.equal('EEXIST');
    expect(await codeOf(files.open(path, 'create'))).to.equal('EEXIST');
    expect(await codeOf(files.open(`${path}3`, 'read'))).to.equal('ENOENT');
    await files.unlink(path);
    expect(await files.list(directory)).to.deep.equal([{ name: 'file2', isDirectory: false }]);
  });

  it('lets one holder have a lock, also within one process', async () => {
    const path = join(directory, 'lock');
    const lock = await files.lock(path);
    expect(await files.lock(path)).to.equal(undefined);
    await lock?.release();
    await lock?.release();
    const again = await files.lock(path);
    expect(again).not.to.equal(undefined);
    await again?.release();
  });

  it('frees the lock of a process that was killed', async () => {
    const path = join(directory, 'lock');
    const module = new URL('../../src/node/node-platform.js', import.meta.url).href;
    const script = `const { nodePlatform } = await import(${JSON.stringify(module)});
      const lock = await nodePlatform().files.lock(${JSON.stringify(path)});
      console.log(lock !== undefined);
      setInterval(() => lock, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    const [line] = await once(child.stdout, 'data');
    expect(String(line)).to.equal('true\n');
    expect(await files.lock(path)).to.equal(undefined);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    const lock = await files.lock(path);
    expect(lock).not.to.equal(undefined);
    await lock?.release();
  });

  it('tells when a watched file appears and grows', async () => {
    const path = join(directory, 'growing');
    let told = () => {};
    const watch = files.watch(path, () => told());
    for (let growth = 0; growth < 2; growth++) {
      const change = new Promise<void>((resolve) => {
        told = resolve;
      });
      await appendFile(path, 'line\n');
      await change;
    }
    watch.close();
  });
});

async function codeOf(failing: Promise<unknown>): Promise<unknown> {
  return failing.then(
    () => 'no error',
    (error) => error.code,
  );
}
