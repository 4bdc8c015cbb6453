import {
  Application,
  MemoryBlobStore,
  MemoryMembership,
  MemoryNetwork,
  MemoryTransport,
  nodePlatform,
  type RunningApplication,
  silentLogger,
} from '@stateful-functions/core';
import { expect } from 'chai';
import { HttpGateway, PrometheusMetrics } from '../src/index.js';
import { Shop } from './shop.js';

const ids = Array.from({ length: 20 }, (_, number) => `cart-${number}`);

describe('Gateways of a cluster', function () {
  this.timeout(60_000);

  it('reach every address from each node, also once a node has left', async () => {
    const network = new MemoryNetwork();
    const membership = new MemoryMembership();
    const store = new MemoryBlobStore();
    const metrics = new PrometheusMetrics({ process: false });
    const start = (): Promise<RunningApplication> =>
      Application.from(new Shop()).start({
        cluster: {
          transport: new MemoryTransport(nodePlatform().scheduler, network),
          membership,
          minWorkers: 2,
          lease: '2s',
        },
        checkpoints: { store },
        metrics,
        logger: silentLogger,
        handleSignals: false,
      });
    const [leaver, stayer] = (await Promise.all([start(), start()])) as [RunningApplication, RunningApplication];
    const gateways = await Promise.all(
      [leaver, stayer].map((app) => HttpGateway.start(app, { port: 0, metrics, timeout: '20s' })),
    );
    const [first, second] = gateways as [HttpGateway, HttpGateway];
    try {
      for (const { url } of gateways) expect((await fetch(`${url}/readyz`)).status).to.equal(200);
      expect(await totals(first)).to.deep.equal(ids.map(() => 1));
      expect(await totals(second)).to.deep.equal(ids.map(() => 2));
      // While one leaves, calls to the other wait for the next epoch, or are to be made again.
      const leaving = leaver.stop();
      expect(await totals(second)).to.deep.equal(ids.map(() => 3));
      await leaving;
      expect(await totals(second)).to.deep.equal(ids.map(() => 4));
      expect((await fetch(`${second.url}/readyz`)).status).to.equal(200);
      expect(await metrics.text()).to.match(/sf_invocations_total\{function="shop\/cart"\} \d+/);
    } finally {
      for (const gateway of gateways) await gateway.stop();
      for (const app of [leaver, stayer]) await app.stop();
    }
  });
});

/** Asks every cart once, however often that takes. */
async function totals(gateway: HttpGateway): Promise<number[]> {
  const round = crypto.randomUUID();
  return Promise.all(
    ids.map(async (id) => {
      for (;;) {
        const response = await fetch(`${gateway.url}/v1/shop/cart/${id}/total`, {
          method: 'POST',
          headers: { 'idempotency-key': round },
        });
        const json: unknown = await response.json();
        if (response.status === 200) return json as number;
        expect([response.status, (json as { code: string }).code]).to.deep.equal([503, 'SF_INTERRUPTED']);
      }
    }),
  );
}
