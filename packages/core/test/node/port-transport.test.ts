import { MessageChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { NodeScheduler } from '../../src/node/node-scheduler.js';
import { PortTransport } from '../../src/node/port-transport.js';
import { transportConformance } from '../../src/testing/transport-conformance.js';

const scheduler = new NodeScheduler();

function pair(maxFrameBytes?: number) {
  const { port1, port2 } = new MessageChannel();
  const here = new PortTransport(scheduler, [port1], maxFrameBytes);
  const there = new PortTransport(scheduler, [port2], maxFrameBytes);
  const cleanup = async () => {
    here.close();
    there.close();
  };
  return { here, there, cleanup };
}

transportConformance('PortTransport', async () => pair(1024 * 1024));

describe('PortTransport', () => {
  it('loses nothing and keeps the order, from the first frame on', async () => {
    const { here, there, cleanup } = pair();
    const seen: number[] = [];
    const all = new Promise<void>((resolve) => {
      void there.listen('there', ([number = -1]) => {
        seen.push(number);
        if (seen.length === 100) resolve();
      });
    });
    // Before this end has heard that anybody listens there.
    for (let number = 0; number < 50; number += 1) here.send('there', Uint8Array.of(number));
    await new Promise<void>((resolve) => scheduler.defer(resolve));
    for (let number = 50; number < 100; number += 1) here.send('there', Uint8Array.of(number));
    await all;
    expect(seen).to.deep.equal(Array.from({ length: 100 }, (_, number) => number));
    await cleanup();
  });

  it('sends the bytes of a view, and not those around it', async () => {
    const { here, there, cleanup } = pair();
    const received = new Promise<Uint8Array>((resolve) => void there.listen('there', resolve));
    here.send('there', new Uint8Array(1_000_000).subarray(10, 12));
    const frame = await received;
    expect(frame.buffer.byteLength).to.equal(2);
    await cleanup();
  });
});
