import { expect } from 'chai';
import { ApplicationTime } from '../../src/dispatch/application-time.js';
import { Envelope } from '../../src/dispatch/envelope.js';
import { FunctionHost } from '../../src/dispatch/function-host.js';
import { Timers } from '../../src/dispatch/timers.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { CancellationToken } from '../../src/sdk/reply.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { gate } from './functions-module.js';

const Bell = FunctionType.of<string>('test/bell');

const owner = Bell.at('1');

/** Timers behind whose horizon is `ring`, due in two minutes; a scan that meets it waits for `reads`. */
function timersInStorage(platform: VirtualPlatform, reads: Promise<void>) {
  const time = new ApplicationTime(platform.clock, 0);
  const dueMs = time.now() + 120_000;
  const host = new FunctionHost({
    type: Bell,
    operations: undefined,
    options: {},
    fields: [],
    create: () => ({ invoke() {} }),
  });
  const envelopeOf = (message: unknown, idA = 0) => {
    const made = new Envelope(host, owner, message, undefined, owner, {}, undefined);
    made.idA = idA;
    return made;
  };
  const envelope = envelopeOf('ring');
  const storage = {
    scans: 0,
    async *scan(_fromMs: number, toMs: number) {
      this.scans += 1;
      if (toMs <= dueMs) return;
      await reads;
      yield { dueMs, owner, envelope };
    },
    has: async () => true,
    lastDueMs: () => dueMs,
  };
  const fired: unknown[] = [];
  const timers = new Timers(
    storage,
    time,
    platform.scheduler,
    () => 0,
    (timer) => fired.push(timer.envelope.message),
    (error) => {
      throw error;
    },
  );
  return { timers, storage, fired, envelopeOf, token: new CancellationToken(envelope.id, dueMs, owner) };
}

describe('Timers that load a window', () => {
  it('do not bring back one whose cancellation is committed while they read what was stored before it', async () => {
    const platform = new VirtualPlatform();
    const reads = gate<void>();
    const { timers, storage, fired, token } = timersInStorage(platform, reads.promise);
    await timers.open();
    timers.cancel(token, owner);
    while (storage.scans === 1) await platform.advance(1_000);
    timers.cut();
    timers.committed();
    reads.open();
    await platform.advance(300_000);
    expect(fired).to.deep.equal([]);
  });

  it('let only who set one take it, in storage as in memory', async () => {
    const platform = new VirtualPlatform();
    const { timers, fired, token } = timersInStorage(platform, Promise.resolve());
    await timers.open();
    const thief = Bell.at('2');
    expect(await timers.take(token, thief), 'in storage').to.equal(false);
    await platform.advance(100_000);
    expect(timers.residentCount).to.equal(1);
    expect(await timers.take(token, thief), 'in memory').to.equal(false);
    expect(await timers.take(token, owner)).to.equal(true);
    expect(await timers.take(token, owner), 'a second time').to.equal(false);
    await platform.advance(300_000);
    expect(fired).to.deep.equal([]);
  });

  it('fire what is due at once a part at a time, so that others have their turns', async () => {
    const platform = new VirtualPlatform();
    const { timers, fired, envelopeOf } = timersInStorage(platform, Promise.resolve());
    await timers.open();
    const dueMs = timers.time.now() + 1_000;
    const count = 5_000;
    for (let number = 0; number < count; number += 1)
      timers.set({ dueMs, owner, envelope: envelopeOf(number, 1 + number) });
    const firedBefore: number[] = [];
    const watch = () => {
      firedBefore.push(fired.length);
      if (fired.length < count) platform.scheduler.after(0, watch);
    };
    platform.scheduler.after(1_000, watch);
    await platform.advance(1_000);
    expect(fired).to.deep.equal(Array.from({ length: count }, (_, number) => number));
    expect(firedBefore.filter((seen) => seen > 0 && seen < count).length).to.be.at.least(3);
  });
});
