import { expect } from 'chai';
import { SimulatedDisk } from '../../src/testing/simulated-disk.js';

const seeds = Array.from({ length: 200 }, (_, seed) => seed);

describe('SimulatedDisk', () => {
  it('keeps synced contents under synced names through every crash', async () => {
    for (const seed of seeds) {
      const disk = new SimulatedDisk({ seed });
      await write(disk, 'a', 'kept', { sync: true });
      await disk.syncDirectory('/');
      disk.crash();
      expect(await contents(disk, 'a')).to.equal('kept');
    }
  });

  it('loses unsynced names or not, as the seed has it', async () => {
    const outcomes = new Set<string>();
    for (const seed of seeds) {
      const disk = new SimulatedDisk({ seed });
      await write(disk, 'old', 'old', { sync: true });
      await disk.syncDirectory('/');
      await disk.link('old', 'new');
      await disk.unlink('old');
      disk.crash();
      outcomes.add(
        (await disk.list('/'))
          .map(({ name }) => name)
          .sort()
          .join(),
      );
    }
    expect([...outcomes].sort()).to.deep.equal(['', 'new', 'new,old', 'old']);
  });

  it('keeps unsynced contents wholly, torn at any byte, or not at all', async () => {
    const outcomes = new Set<string>();
    for (const seed of seeds) {
      const disk = new SimulatedDisk({ seed });
      await write(disk, 'a', 'ab', { sync: true });
      await disk.syncDirectory('/');
      await write(disk, 'a', 'cde', { at: 2 });
      disk.crash();
      outcomes.add(await contents(disk, 'a'));
    }
    expect([...outcomes].sort()).to.deep.equal(['ab', 'abc', 'abcd', 'abcde']);
  });

  it('reads back what was written before a crash, and ends handles and locks at it', async () => {
    const disk = new SimulatedDisk();
    const file = await disk.open('a', 'update');
    await file.write(2, Uint8Array.of(1));
    expect(await file.read(0, 10)).to.deep.equal(Uint8Array.of(0, 0, 1));
    expect(await disk.lock('lock')).not.to.equal(undefined);
    expect(await disk.lock('lock')).to.equal(undefined);
    disk.kill();
    expect(await codeOf(file.read(0, 1))).to.equal('EBADF');
    expect(await disk.lock('lock')).not.to.equal(undefined);
    expect(await contents(disk, 'a')).to.equal('\0\0\x01');
  });

  it('does not make durable what a failed sync dropped', async () => {
    const disk = new SimulatedDisk();
    const file = await disk.open('a', 'update');
    await disk.syncDirectory('/');
    await file.write(0, Uint8Array.of(1));
    disk.failNext('sync', 'EIO');
    expect(await codeOf(file.sync())).to.equal('EIO');
    await file.sync();
    expect(await file.size()).to.equal(1);
    disk.crash();
    expect(await contents(disk, 'a')).to.equal('');
  });

  it('fails as planned, with or without effect', async () => {
    const disk = new SimulatedDisk();
    disk.failNext('makeDirectory', 'EACCES', { after: 1 });
    await disk.makeDirectory('a');
    expect(await codeOf(disk.makeDirectory('b'))).to.equal('EACCES');
    disk.failNext('makeDirectory', 'EIO', { takesEffect: true });
    expect(await codeOf(disk.makeDirectory('c'))).to.equal('EIO');
    expect((await disk.list('.')).map(({ name }) => name)).to.deep.equal(['a', 'c']);
  });

  it('is full at its capacity', async () => {
    const disk = new SimulatedDisk({ capacity: 4 });
    await write(disk, 'a', 'abc', {});
    expect(await codeOf(write(disk, 'b', 'de', {}))).to.equal('ENOSPC');
    await disk.unlink('a');
    await write(disk, 'c', 'defg', {});
    expect(disk.used).to.equal(4);
  });

  it('cuts the power after the n-th operation, until it comes back', async () => {
    const disk = new SimulatedDisk();
    disk.crashAfter(1);
    await disk.makeDirectory('a');
    expect(await codeOf(disk.list('/'))).to.equal('EIO');
    expect(await codeOf(disk.list('/'))).to.equal('EIO');
    disk.crash();
    await disk.list('/');
    expect(disk.operations).to.equal(4);
  });

  it('tells watchers that a file appeared and grew', async () => {
    const disk = new SimulatedDisk();
    let told = 0;
    const watch = disk.watch('/a', () => told++);
    await write(disk, 'a', 'text', {});
    expect(told).to.equal(2);
    watch.close();
    await write(disk, 'a', 'text', {});
    expect(told).to.equal(2);
  });
});

async function write(disk: SimulatedDisk, path: string, text: string, how: { at?: number; sync?: boolean }) {
  const file = await disk.open(path, 'update');
  await file.write(how.at ?? 0, new TextEncoder().encode(text));
  if (how.sync) await file.sync();
  await file.close();
}

async function contents(disk: SimulatedDisk, path: string): Promise<string> {
  const file = await disk.open(path, 'read');
  return new TextDecoder().decode(await file.read(0, await file.size()));
}

async function codeOf(failing: Promise<unknown>): Promise<unknown> {
  return failing.then(
    () => 'no error',
    (error) => error.code,
  );
}
