import { expect } from 'chai';
import { MemoryNetwork, MemoryTransport } from '../../src/cluster/memory-transport.js';
import { nodePlatform } from '../../src/node/node-platform.js';
import { transportConformance } from '../../src/testing/transport-conformance.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';

transportConformance('MemoryTransport', async () => {
  const { scheduler } = nodePlatform();
  const network = new MemoryNetwork();
  return { here: new MemoryTransport(scheduler, network), there: new MemoryTransport(scheduler, network) };
});

describe('MemoryTransport', () => {
  it('delivers in the order sent, the very bytes, when the machine of the receiver gets to it', async () => {
    const network = new MemoryNetwork();
    const [one, other] = [new VirtualPlatform(), new VirtualPlatform()];
    const sender = new MemoryTransport(one.scheduler, network);
    const frames = Array.from({ length: 100 }, (_, n) => Uint8Array.of(n));
    const seen: Uint8Array[] = [];
    await new MemoryTransport(other.scheduler, network).listen('other', (frame) => void seen.push(frame));
    for (const frame of frames) sender.send('other', frame);
    await one.settle();
    expect(seen).to.deep.equal([]);
    await other.settle();
    expect(seen).to.have.length(frames.length);
    for (const [n, frame] of seen.entries()) expect(frame).to.equal(frames[n]);
  });

  it('reaches nobody on another network', async () => {
    const platform = new VirtualPlatform();
    const seen: Uint8Array[] = [];
    await new MemoryTransport(platform.scheduler).listen('here', (frame) => void seen.push(frame));
    new MemoryTransport(platform.scheduler).send('here', Uint8Array.of(1));
    await platform.settle();
    expect(seen).to.deep.equal([]);
  });
});
