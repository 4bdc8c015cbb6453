import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BareServer } from '../bare-server.js';
import { runLoad } from '../load.js';

describe('runLoad', function () {
  this.timeout(30_000);
  const load = { path: '/v1/bench/visitor/{id}/visit', callers: 5, ids: 3, warmUpMs: 50, measuredMs: 1_000 };

  it('has each caller ask again when it has its answer, and tells how that went', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bare-server-'));
    const server = new BareServer(directory);
    try {
      const { answered, latencies, perSecond } = await runLoad({ url: await server.start(), ...load });
      expect(answered).to.be.at.least(5);
      expect(latencies.p50).to.be.within(0.01, 1_000);
      expect(latencies.p99).to.be.at.least(latencies.p50);
      expect(perSecond).to.be.greaterThan(0);
      // Those who wait share a turn.
      expect(server.turns).to.be.within(1, answered);
    } finally {
      await server.stop();
      await rm(directory, { recursive: true });
    }
  });

  it('asks at a fixed rate, and tells how long each waited since it was due', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bare-server-'));
    const server = new BareServer(directory);
    try {
      const { answered, latencies } = await runLoad({ url: await server.start(), rate: 100, ...load });
      // Requests are due in the 1,050 ms of warm-up and measurement, and while the process gets round to stopping.
      expect(answered).to.be.at.least(104);
      expect(latencies.p50).to.be.greaterThan(0);
      expect(latencies.max).to.be.at.least(latencies['p99.9']);
    } finally {
      await server.stop();
      await rm(directory, { recursive: true });
    }
  });

  it('rejects when a one-way request is replied to: that is something else', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bare-server-'));
    const server = new BareServer(directory);
    try {
      const error = await runLoad({ url: await server.start(), isOneWay: true, ...load }).catch(
        (thrown: Error) => thrown,
      );
      expect(error).to.be.an('error').with.property('message', 'Error: 200: 1');
    } finally {
      await server.stop();
      await rm(directory, { recursive: true });
    }
  });

  it('rejects when a request is refused: figures of a failing server mean nothing', async () => {
    const server = createServer((_request, response) => response.writeHead(503).end('busy'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await runLoad({ url, ...load }).catch((thrown: Error) => thrown);
    expect(error).to.be.an('error').with.property('message', 'Error: 503: busy');
    await new Promise((resolve) => server.close(resolve));
  });
});
