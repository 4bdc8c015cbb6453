import { type NatsServer, startNats, withS3 } from '@stateful-functions/servers';
import { expect } from 'chai';
import { runEndToEnd } from '../cluster/end-to-end.js';
import { runFailover } from '../cluster/failover.js';
import { runConsume, runSource } from '../cluster/jetstream-source.js';
import { runRing } from '../cluster/ring-over-nodes.js';
import { type Site, siteOn } from '../cluster/site.js';
import { runStored } from '../cluster/stored.js';
import { runWire } from '../cluster/wire-limit.js';

const nats = await startNats();

// Each run checks itself that what went in has come out; it rejects if not.
if (nats !== undefined)
  await withS3((s3) => describe('benchmarks of a cluster', () => suite(nats, () => siteOn(nats.url, s3))));

function suite(nats: NatsServer, makeSite: () => Promise<Site>): void {
  let site: Site;

  before(async function () {
    this.timeout(60_000);
    site = await makeSite();
  });

  after(() => nats[Symbol.asyncDispose]());

  it('count the messages that cross between two nodes, each of which ends once', async function () {
    this.timeout(120_000);
    expect(await runRing(site, { messages: 256, warmUpMs: 500, measuredMs: 1_500 })).to.be.greaterThan(0);
  });

  it('count the messages that another process decodes', async function () {
    this.timeout(60_000);
    expect(await runWire(site, { warmUpMs: 500, measuredMs: 1_000 })).to.be.greaterThan(0);
  });

  it('read a stream, by an application and without', async function () {
    this.timeout(60_000);
    expect(await runConsume(site, 2_000)).to.be.greaterThan(0);
    expect(await runSource(site, 2_000)).to.be.greaterThan(0);
  });

  it('wait for what comes out of what goes in', async function () {
    this.timeout(60_000);
    const { p50, p99 } = await runEndToEnd(site, { intervalMs: 50, rate: 50, warmUpMs: 200, measuredMs: 400 });
    expect(p50).to.be.greaterThan(0);
    expect(p99).to.be.at.least(p50);
  });

  it('count what checkpoints cost, and that rest costs nothing', async function () {
    this.timeout(60_000);
    const figures = await runStored(site, { changed: 10, checkpoints: 2, idleMs: 500 });
    expect(figures['PUTs per checkpoint']).to.be.within(1, 6);
    expect(figures['requests per checkpoint']).to.be.at.least(figures['PUTs per checkpoint'] as number);
    expect(figures['bytes put per byte changed']).to.be.greaterThan(1);
  });

  it('time how soon others take over from a node that is killed', async function () {
    this.timeout(120_000);
    const figures = await runFailover(site, { addresses: 400, victim: 'follower' });
    expect(figures['after detection']).to.be.greaterThan(0);
    expect(figures['after the kill']).to.be.greaterThan(figures['after detection'] as number);
  });
}
