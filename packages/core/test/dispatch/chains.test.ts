import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { silentLogger } from '../../src/ports/logger.js';
import { defineFunction } from '../../src/sdk/define-function.js';
import { FunctionType } from '../../src/sdk/function-type.js';
import { gate, moduleOf } from './functions-module.js';

const Chain = FunctionType.of<'begin' | 'next' | 'stop'>('test/chain');

describe('A chain of local sends without end', () => {
  it('yields, so that timers fire, checkpoints are taken and clients are answered meanwhile', async () => {
    let links = 0;
    const stopped = gate<void>();
    const ChainFn = defineFunction(Chain, {
      state: () => ({ isStopped: false }),
      invoke(ctx, step) {
        if (step === 'begin') ctx.sendAfter(1, Chain.at('1'), 'stop');
        if (step === 'stop') {
          this.isStopped = true;
          stopped.open();
        }
        links += 1;
        if (!this.isStopped) ctx.send(Chain.at('1'), 'next');
      },
    });
    const app = await Application.from(moduleOf(ChainFn)).start({
      logger: silentLogger,
      handleSignals: false,
      checkpoints: { store: new MemoryBlobStore() },
    });
    await app.client.send(Chain.at('1'), 'begin');
    await app.checkpoint();
    await stopped.promise;
    expect(links).to.be.greaterThan(1);
    await app.stop();
  });
});
