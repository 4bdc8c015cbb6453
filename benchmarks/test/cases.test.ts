import { expect } from 'chai';
import { runAsync } from '../async-handler.js';
import { runCuts } from '../cut-stall.js';
import { runFanOut } from '../fan-out.js';
import { runGreeter } from '../greeter.js';
import { runLines } from '../json-lines.js';
import { runCarts } from '../object-state.js';
import { runPassivation } from '../passivation.js';
import { runRestore } from '../restore.js';
import { runRing } from '../ring.js';
import { runTimers } from '../timers.js';

// Each run checks itself that what went in has come out; it rejects if not.
describe('benchmarks of one process', function () {
  this.timeout(60_000);

  it('greet, and tell how often there was a checkpoint', async () => {
    const figures = await runGreeter({ ids: 100, requests: 1_000, egressEvery: 1, intervalMs: 0 });
    expect(figures['checkpoint interval']).to.be.greaterThan(0);
  });

  it('fill carts', async () => {
    expect(await runCarts('object', { ids: 50, count: 500 })).to.be.greaterThan(0);
    expect(await runCarts('numbers', { ids: 50, count: 500 })).to.be.greaterThan(0);
  });

  it('wait in handlers', async () => {
    for (const waits of ['for-nothing', 'for-a-promise', 'for-1-ms'] as const)
      expect(await runAsync(waits, { ids: 50, count: 500 })).to.be.greaterThan(0);
  });

  it('turn lines into lines', async () => {
    expect(await runLines('by-hand', 300)).to.be.greaterThan(0);
    expect(await runLines('application', 300)).to.be.greaterThan(0);
  });

  it('hand tokens round', async () => {
    expect(await runRing(10, 300)).to.be.greaterThan(0);
  });

  it('send to a hundred, which answer', async () => {
    expect(await runFanOut(20)).to.be.greaterThan(0);
  });

  it('set, cancel and fire timers', async () => {
    const { set, cancelled, fired } = await runTimers({ addresses: 50, each: 3 });
    for (const figure of [set, cancelled, fired]) expect(figure).to.be.greaterThan(0);
  });

  it('measure what a checkpoint holds up', async () => {
    const { p99, max } = await runCuts({ addresses: 2_000, changed: 500, checkpoints: 3 });
    expect(p99).to.be.greaterThan(0);
    expect(max).to.be.at.least(p99 as number);
  });

  it('start from a checkpoint, again and again', async () => {
    const figures = await runRestore({ addresses: 100, starts: 2 });
    expect(figures['from process start']).to.be.greaterThan(figures['from application start'] as number);
  });

  it('have more addresses than memory has room for', async () => {
    const figures = await runPassivation({ addresses: 2_000, active: 100, cold: 300 });
    expect(figures['cold activations']).to.be.greaterThan(0);
  });
});
