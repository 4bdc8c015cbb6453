import { connect } from 'node:net';
import { expect } from 'chai';
import { HttpGateway, PrometheusMetrics } from '../src/index.js';
import { refused, Site } from './site.js';

describe('A gateway', () => {
  it('listens on this machine alone unless it is told otherwise', async () => {
    await using site = await Site.open();
    expect(site.gateway.url).to.equal(`http://127.0.0.1:${site.gateway.port}`);
  });

  it('says that the process is well, and that messages are handled', async () => {
    await using site = await Site.open();
    expect((await site.get('/healthz')).json).to.deep.equal({ status: 'ok' });
    expect((await site.get('/readyz')).json).to.deep.equal({ status: 'ready' });
  });

  it('is not ready any more while it stops: it answers what is under way and refuses what is new', async () => {
    await using site = await Site.open();
    const asked = site.post('/v1/shop/cart/a/gated');
    await site.shop.gate.entered;
    const { port } = site.gateway;
    const stopped = site.gateway.stop();
    expect(refused(await site.get('/readyz'))).to.deep.equal({ status: 503, code: 'SF_STOPPED' });
    expect((await site.get('/healthz')).status).to.equal(200);
    const late = await site.post('/v1/shop/log/a', 1);
    expect(refused(late)).to.deep.equal({ status: 503, code: 'SF_STOPPED' });
    expect(late.headers).to.include({ 'retry-after': '1', connection: 'close' });
    site.shop.gate.open();
    expect((await asked).json).to.equal('through');
    await stopped;
    expect(await connectionTo(port)).to.equal('ECONNREFUSED');
  });

  it('is not ready any more while its application stops, answers what is under way, and stops with it', async () => {
    await using site = await Site.open();
    const asked = site.post('/v1/shop/cart/a/gated');
    await site.shop.gate.entered;
    const { port } = site.gateway;
    const stopped = site.app.stop();
    expect(refused(await site.get('/readyz'))).to.deep.equal({ status: 503, code: 'SF_STOPPED' });
    expect(refused(await site.post('/v1/shop/log/a', 1))).to.deep.equal({ status: 503, code: 'SF_STOPPED' });
    site.shop.gate.open();
    expect((await asked).json).to.equal('through');
    await stopped;
    await site.gateway.stop();
    expect(await connectionTo(port)).to.equal('ECONNREFUSED');
  });

  it('does not wait for a call longer than it is told', async () => {
    await using site = await Site.open({ stopTimeout: 20 });
    const asked = site.post('/v1/shop/cart/a/gated').catch((error: NodeJS.ErrnoException) => error.code);
    await site.shop.gate.entered;
    await site.gateway.stop();
    expect(await asked).to.equal('ECONNRESET');
  });

  it('asks for its token, but not for health', async () => {
    await using site = await Site.open({ token: 'secret', metrics: new PrometheusMetrics() });
    for (const authorization of [
      undefined,
      'Bearer',
      'Bearer wrong',
      'Bearer secre',
      'Bearer secret1',
      'Basic secret',
    ]) {
      const headers = authorization === undefined ? {} : { authorization };
      for (const answer of [await site.post('/v1/shop/log/a', 1, headers), await site.get('/metrics', headers)]) {
        expect(refused(answer)).to.deep.equal({ status: 401, code: 'SF_HTTP_UNAUTHORIZED' });
        expect(answer.headers['www-authenticate']).to.equal('Bearer');
      }
    }
    const headers = { authorization: 'Bearer secret' };
    expect((await site.post('/v1/shop/log/a', 1, headers)).status).to.equal(202);
    expect((await site.get('/metrics', headers)).status).to.equal(200);
    expect((await site.get('/healthz')).status).to.equal(200);
    expect((await site.get('/readyz')).status).to.equal(200);
  });

  it('takes headers of the names that it is given', async () => {
    await using site = await Site.open({ headers: ['X-Tenant'] });
    await site.post('/v1/shop/log/a', 1, { 'x-tenant': 'acme', traceparent: 'x' });
    expect(site.shop.seen[0]?.headers).to.deep.equal({ 'x-tenant': 'acme' });
  });

  it('says so when no metrics are kept', async () => {
    await using site = await Site.open();
    expect(refused(await site.get('/metrics'))).to.deep.equal({ status: 404, code: 'SF_HTTP_NO_ROUTE' });
  });

  it('refuses options that cannot work', async () => {
    await using site = await Site.open();
    for (const options of [
      { port: -1 },
      { token: '' },
      { token: 'a b' },
      { bodyLimit: 0 },
      { headers: ['a b'] },
      { maxCalls: 0.5 },
    ]) {
      const error = await HttpGateway.start(site.app, options).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: 'SF_INVALID_OPTION' });
    }
  });

  it('says that a port is taken', async () => {
    await using site = await Site.open();
    const error = await HttpGateway.start(site.app, { port: site.gateway.port }).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'EADDRINUSE' });
  });
});

/** How a connection ends that nobody takes. */
function connectionTo(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}
