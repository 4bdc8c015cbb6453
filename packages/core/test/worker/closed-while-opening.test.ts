import { expect } from 'chai';
import type { EgressSink } from '../../src/ports/egress-sink.js';
import type { IngressReader } from '../../src/ports/ingress-source.js';
import { silentLogger } from '../../src/ports/logger.js';
import { Ingress } from '../../src/sdk/ingress.js';
import { VirtualPlatform } from '../../src/testing/virtual-platform.js';
import { EgressOutlet } from '../../src/worker/egress-outlet.js';
import { IngressPump } from '../../src/worker/ingress-pump.js';

/** What is opened late, and whether it was closed after that. */
class Late {
  arrive: () => void = () => {};
  isOpen = false;

  async open(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.arrive = resolve;
    });
    this.isOpen = true;
  }

  close(): void {
    this.isOpen = false;
  }
}

describe('A worker that ends while it opens what it reads and writes', () => {
  const platform = new VirtualPlatform();
  const unexpected = () => {
    throw new Error('nothing happens in a worker that has ended');
  };
  const services = { platform, logger: silentLogger, failed: unexpected, moved: unexpected };

  it('leaves no source open', async () => {
    const late = new Late();
    const reader: IngressReader<number> = {
      read: async () => (late.isOpen ? [{ value: 1, position: 1 }] : undefined),
      close: async () => late.close(),
    };
    const source = { open: () => late.open().then(() => reader) };
    const all = { ...services, hostAt: unexpected, enqueue: unexpected, deadLetter: unexpected, hasRecords: () => {} };
    const bound = { ingress: Ingress.of<unknown>('test/late'), source, routers: [] };
    const pump = new IngressPump('test/late', bound, all, undefined, { idA: 0, idB: 0, idC: 0, idD: 0 });
    const opening = pump.open();
    const closing = pump.close();
    late.arrive();
    await Promise.all([opening, closing]);
    expect(late.isOpen).to.equal(false);
  });

  it('leaves no sink open', async () => {
    const late = new Late();
    const sink: EgressSink<unknown> = {
      open: () => late.open(),
      publish: unexpected,
      close: async () => late.close(),
    };
    const outlet = new EgressOutlet('test/late', sink, undefined, { ...services, isCurrent: () => true });
    const opening = outlet.open();
    const closing = outlet.close();
    late.arrive();
    await Promise.all([opening, closing]);
    expect(late.isOpen).to.equal(false);
  });
});
