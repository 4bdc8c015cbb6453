import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { refused, Site } from './site.js';

describe('A hostile request', () => {
  let site: Site;

  before(async () => {
    site = await Site.open({ bodyLimit: 64 * 1024 });
  });

  after(() => site[Symbol.asyncDispose]());

  afterEach('is no harm to the next', async () => {
    expect((await site.post('/v1/shop/cart/next/mirror', 'well')).json).to.equal('well');
  });

  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const bodies: readonly [string, string | Buffer, number, string, Record<string, string>?][] = [
    ['invalid UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22]), 400, 'SF_HTTP_MALFORMED'],
    ['no JSON', '{"a":', 400, 'SF_HTTP_MALFORMED'],
    ['a byte order mark', '\ufeff1', 400, 'SF_HTTP_MALFORMED'],
    ['a key __proto__', '{"a":[{"__proto__":{"b":1}}]}', 400, 'SF_HTTP_MALFORMED'],
    ['a key __proto__ in escapes', '{"\\u005f_proto__":1}', 400, 'SF_HTTP_MALFORMED'],
    ['deep nesting', nested(200), 400, 'SF_HTTP_MALFORMED'],
    ['very deep nesting', nested(32_000), 400, 'SF_HTTP_MALFORMED'],
    ['more than the limit', JSON.stringify('x'.repeat(64 * 1024)), 413, 'SF_HTTP_TOO_LARGE'],
    ['another type', 'a=1', 415, 'SF_HTTP_MEDIA_TYPE', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a malformed type', '1', 415, 'SF_HTTP_MEDIA_TYPE', { 'content-type': ';;' }],
    ['compression', '1', 415, 'SF_HTTP_MEDIA_TYPE', { 'content-encoding': 'gzip' }],
  ];
  for (const [what, raw, status, code, headers = {}] of bodies) {
    it(`whose body has ${what} is refused: ${status} ${code}`, async () => {
      expect(refused(await site.call('/v1/shop/cart/x/mirror', { raw, headers }))).to.deep.equal({ status, code });
    });
  }

  it('in chunks is refused once it is more than the limit', async () => {
    const chunk = 'x'.repeat(16 * 1024);
    const chunks = Array.from({ length: 8 }, () => `4000\r\n${chunk}\r\n`).join('');
    const head =
      'POST /v1/shop/log/x HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n';
    expect(await site.bytes(`${head}connection: close\r\n\r\n${chunks}0\r\n\r\n`)).to.match(
      /^HTTP\/1.1 413 .*SF_HTTP_TOO_LARGE/s,
    );
  });

  it('is taken with what is odd but allowed', async () => {
    for (const body of [nested(100), '{"constructor":{"prototype":1},"toString":"x"}', '"\\ud83d\\ude00"', '-0.5']) {
      expect((await site.call('/v1/shop/cart/odd/mirror', { raw: body })).json).to.deep.equal(JSON.parse(body));
    }
  });

  const paths: readonly [string, string, number, string][] = [
    ['is not UTF-8', '/v1/shop/log/%ff', 400, 'SF_HTTP_MALFORMED'],
    ['is cut off within an escape', '/v1/shop/log/%4', 400, 'SF_HTTP_MALFORMED'],
    ['is a lone surrogate', '/v1/shop/log/%ed%a0%80', 400, 'SF_HTTP_MALFORMED'],
    ['is long', `/v1/shop/log/${'x'.repeat(10_000)}`, 414, 'SF_HTTP_TOO_LARGE'],
    ['is very long', `/v1/shop/log/${'x'.repeat(40_000)}`, 431, 'SF_HTTP_TOO_LARGE'],
    ['goes up', '/v1/shop/../log/x', 404, 'SF_INVALID_NAME'],
    ['begins twice', '//v1/shop/log/x', 404, 'SF_HTTP_NO_ROUTE'],
  ];
  for (const [what, path, status, code] of paths) {
    it(`whose path ${what} is refused: ${status} ${code}`, async () => {
      expect(refused(await site.call(path, { body: 1 }))).to.deep.equal({ status, code });
    });
  }

  it('whose query is not UTF-8 is refused', async () => {
    const answer = await site.get('/v1/shop/cart/x/look?input=%ff');
    expect(refused(answer)).to.deep.equal({ status: 400, code: 'SF_HTTP_MALFORMED' });
  });

  it('that is no HTTP is answered with a problem', async () => {
    expect(await site.bytes('\0\0\0 nonsense\r\n\r\n')).to.match(
      /^HTTP\/1.1 400 .*application\/problem\+json.*SF_HTTP_MALFORMED/s,
    );
  });

  it('that says two lengths is refused', async () => {
    const head = 'POST /v1/shop/log/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n';
    expect(await site.bytes(`${head}0\r\n\r\n`)).to.match(/^HTTP\/1.1 400 .*SF_HTTP_MALFORMED/s);
  });
});

describe('A gateway under load', () => {
  it('refuses calls above its bound, and goes on when others have ended', async () => {
    await using site = await Site.open({ maxCalls: 2 });
    const first = site.post('/v1/shop/cart/a/gated');
    await site.shop.gate.entered;
    const second = site.post('/v1/shop/cart/a/total');
    // It waits behind the first; from then on there is no room.
    await untilRefused(site);
    site.shop.gate.open();
    expect((await first).json).to.equal('through');
    expect((await second).json).to.equal(1);
    expect((await site.post('/v1/shop/cart/a/total')).json).to.equal(2);
  });

  it('counts a call whose caller went away until it has ended', async () => {
    await using site = await Site.open({ maxCalls: 1 });
    const socket = connect(site.gateway.port, '127.0.0.1');
    socket.write('POST /v1/shop/cart/a/gated HTTP/1.1\r\nhost: x\r\n\r\n');
    await site.shop.gate.entered;
    socket.destroy();
    await untilRefused(site);
    expect(refused(await site.post('/v1/shop/log/b', 'x'))).to.deep.equal({ status: 503, code: 'SF_HTTP_OVERLOADED' });
    site.shop.gate.open();
    while ((await site.post('/v1/shop/log/b', 'x')).status !== 202);
  });

  it('does not wait for clients that take too long to send headers or a body', async () => {
    await using site = await Site.open({ requestTimeout: 300 });
    const head = 'POST /v1/shop/log/slow HTTP/1.1\r\nhost: x\r\n';
    const slow = /^HTTP\/1\.1 408 .*SF_HTTP_SLOW/s;
    const [headers, body] = await Promise.all([
      site.bytes(head),
      site.bytes(`${head}content-type: application/json\r\ncontent-length: 100\r\n\r\n"x`),
    ]);
    expect(headers).to.match(slow);
    expect(body).to.match(slow);
    expect(site.shop.seen).to.deep.equal([]);
  });

  it('refuses bodies above its bound', async () => {
    await using site = await Site.open({ bodyLimit: 1_000, maxBodyBytes: 1_000 });
    // A body that does not say how long it is counts as the longest.
    const socket = connect(site.gateway.port, '127.0.0.1');
    socket.write('POST /v1/shop/log/slow HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n');
    await untilRefused(site);
    socket.destroy();
    while ((await site.post('/v1/shop/log/b', 'x')).status !== 202);
  });

  it('answers each of a burst of 20,000 requests, and loses none that it acknowledged', async function () {
    this.timeout(120_000);
    await using site = await Site.open({ maxCalls: 500 });
    const total = 20_000;
    const connections = 1_000;
    const statuses = await Promise.all(
      Array.from({ length: connections }, (_, number) => burst(site.gateway.port, number, total / connections)),
    );
    const all = statuses.flat();
    expect(all).to.have.length(total);
    const taken = all.filter((status) => status === 202).length;
    expect(all.filter((status) => status !== 202 && status !== 503)).to.deep.equal([]);
    expect(taken).to.be.greaterThan(0);
    const handled = site.shop.seen.filter(({ what }) => what === 'log').length;
    expect(handled).to.equal(taken);
  });

  it('serves others while 2,000 connections are open and do nothing', async function () {
    this.timeout(60_000);
    await using site = await Site.open({ maxConnections: 2_001 });
    const idle = await Promise.all(Array.from({ length: 2_000 }, () => opened(site.gateway.port)));
    expect((await site.post('/v1/shop/cart/a/total')).json).to.equal(1);
    // One more than the bound, beside the one that is free, is closed.
    const last = await opened(site.gateway.port);
    const beyond = connect(site.gateway.port, '127.0.0.1');
    await new Promise((resolve) => beyond.once('close', resolve));
    for (const socket of [...idle, last]) socket.destroy();
  });
});

async function untilRefused(site: Site): Promise<void> {
  for (;;) {
    const answer = await site.post('/v1/shop/log/refused', 'x', {});
    if (answer.status === 202) continue;
    expect(refused(answer)).to.deep.equal({ status: 503, code: 'SF_HTTP_OVERLOADED' });
    expect(answer.headers['retry-after']).to.equal('1');
    return;
  }
}

/** Sends all its requests at once on one connection, and reads the status of each answer. */
function burst(port: number, number: number, count: number): Promise<number[]> {
  const body = '1';
  const one = `POST /v1/shop/log/${number} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(one.repeat(count)));
    socket.on('data', (chunk) => {
      received += chunk.toString();
      const statuses = [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
      if (statuses.length < count) return;
      socket.destroy();
      resolve(statuses);
    });
    socket.on('error', reject);
    socket.on('end', () => reject(new Error('the connection was closed')));
  });
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });
}
