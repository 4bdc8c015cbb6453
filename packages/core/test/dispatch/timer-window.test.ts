import { expect } from 'chai';
import { ApplicationTime } from '../../src/dispatch/application-time.js';
import { Envelope } from '../../src/dispatch/envelope.js';
import { FunctionHost } from '../../src/dispatch/function-host.js';
import type { PendingTimer } from '../../src/dispatch/invocation.js';
import { Timers } from '../../src/dispatch/timers.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { CancellationToken } from '../../src/sdk/reply.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { gate } from './functions-module.js';

const Bell = FunctionType.of<string>('test/bell');

describe('Timers that load a window', () => {
  it('do not bring back one whose cancellation is committed while they read what was stored before it', async () => {
    const platform = new VirtualPlatform();
    const time = new ApplicationTime(platform.clock, 0);
    const owner = Bell.at('1');
    const host = new FunctionHost({
      type: { name: Bell.name, schema: undefined },
      operations: undefined,
      options: {},
      fields: [],
      create: () => ({ invoke() {} }),
    });
    const dueMs = time.now() + 120_000;
    const timer: PendingTimer = {
      dueMs,
      owner,
      envelope: new Envelope(host, owner, 'ring', undefined, owner, {}, undefined),
    };
    const reads = gate<void>();
    let scans = 0;
    const fired: unknown[] = [];
    const timers = new Timers(
      {
        async *scan(_fromMs, toMs) {
          scans += 1;
          if (toMs <= dueMs) return;
          await reads.promise;
          yield timer;
        },
        has: async () => true,
        lastDueMs: () => dueMs,
      },
      time,
      platform.scheduler,
      () => 0,
      ({ envelope }) => fired.push(envelope.message),
      (error) => {
        throw error;
      },
    );
    await timers.open();
    timers.cancel(new CancellationToken(timer.envelope.id, dueMs, owner), owner);
    while (scans === 1) await platform.advance(1_000);
    timers.cut();
    timers.committed();
    reads.open();
    await platform.advance(300_000);
    expect(fired).to.deep.equal([]);
  });
});
