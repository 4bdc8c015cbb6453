import { expect } from 'chai';
import { nodePlatform } from '../../src/node/node-platform.js';
import type { EventLoopDelay } from '../../src/ports/platform.js';

describe('NodeEventLoopDelay', () => {
  it('tells how late the event loop was since it was last asked', async () => {
    const delay = nodePlatform().measureEventLoop?.() as EventLoopDelay;
    try {
      const turns = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      await turns(30); // Its first measurement has to begin before what it is to notice.
      block(120);
      await turns(30);
      const { medianMs, p99Ms, mostMs } = delay.take();
      expect(mostMs).to.be.at.least(90);
      expect(p99Ms).to.be.at.most(mostMs);
      expect(medianMs).to.be.at.most(p99Ms).and.at.least(0);
      expect(delay.take().mostMs).to.be.below(90);
    } finally {
      delay.stop();
    }
  });
});

function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}
