import { expect } from 'chai';
import { refused, Site } from './site.js';

describe('A call over HTTP', () => {
  let site: Site;

  before(async () => {
    site = await Site.open({ timeout: '20s' });
  });

  after(() => site[Symbol.asyncDispose]());

  const seenAt = (id: string) => site.shop.seen.filter((one) => one.id === id);

  it('sends to a function that has invoke, and is answered 202 once that is durable', async () => {
    const before = site.app.status.checkpoint.committed;
    const answer = await site.post('/v1/shop/log/sent', { hello: ['world', 1, null, true] });
    expect([answer.status, answer.text]).to.deep.equal([202, '']);
    expect(site.app.status.checkpoint.committed).to.be.greaterThan(before);
    expect(seenAt('sent').map(({ message }) => message)).to.deep.equal([{ hello: ['world', 1, null, true] }]);
  });

  it('sends to an operation, with and without a payload', async () => {
    expect((await site.post('/v1/shop/cart/a/put', 'book')).status).to.equal(202);
    expect((await site.post('/v1/shop/cart/a/put')).status).to.equal(202);
    expect(seenAt('a').map(({ message }) => message)).to.deep.equal(['book', undefined]);
  });

  it('asks, and is answered 200 with the reply once it is committed', async () => {
    const before = site.app.status.checkpoint.committed;
    const answer = await site.post('/v1/shop/cart/b/total');
    expect([answer.status, answer.json]).to.deep.equal([200, 1]);
    expect(answer.headers['content-type']).to.equal('application/json; charset=utf-8');
    expect(site.app.status.checkpoint.committed).to.be.greaterThan(before);
    expect((await site.post('/v1/shop/cart/b/total?consistency=processed')).json).to.equal(2);
  });

  it('queries by GET with the input in the URL, and by POST with it as the body', async () => {
    await site.post('/v1/shop/cart/c/put', 'pen');
    const input = { from: 'ü&=' };
    const inUrl = await site.get(`/v1/shop/cart/c/look?input=${encodeURIComponent(JSON.stringify(input))}`);
    expect([inUrl.status, inUrl.json]).to.deep.equal([200, { items: ['pen'], from: input }]);
    expect((await site.get('/v1/shop/cart/c/look')).json).to.deep.equal({ items: ['pen'] });
    expect((await site.post('/v1/shop/cart/c/look', input)).json).to.deep.equal({ items: ['pen'], from: input });
  });

  it('takes effect once however often it is repeated with its Idempotency-Key', async () => {
    const headers = { 'idempotency-key': '1' };
    const sends = [1, 2, 3].map(() => site.post('/v1/shop/log/keyed', 'once', headers));
    expect((await Promise.all(sends)).map(({ status }) => status)).to.deep.equal([202, 202, 202]);
    const asks = [1, 2, 3].map(() => site.post('/v1/shop/cart/keyed/total', undefined, headers));
    expect((await Promise.all(asks)).map(({ json }) => json)).to.deep.equal([1, 1, 1]);
    // The same key elsewhere is another.
    expect((await site.post('/v1/shop/cart/keyed 2/total'.replace(' ', '%20'), undefined, headers)).json).to.equal(1);
    await site.get('/v1/shop/cart/keyed/look');
    expect(seenAt('keyed').map(({ what }) => what)).to.have.members(['log', 'total']);
  });

  it('applies a schema once, also with an Idempotency-Key', async () => {
    expect((await site.post('/v1/shop/cart/d/count', '12')).json).to.equal(12);
    expect((await site.post('/v1/shop/cart/d/count', '12', { 'idempotency-key': 'd' })).json).to.equal(12);
    expect((await site.post('/v1/shop/digits/d', '13', { 'idempotency-key': 'd' })).status).to.equal(202);
    await site.get('/v1/shop/cart/d/look');
    expect(seenAt('d').map(({ message }) => message)).to.deep.equal([13]);
  });

  it('has its trace headers travel with the message, and no others', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await site.post('/v1/shop/log/traced', 1, { traceparent, tracestate: 'a=1', 'x-other': 'x' });
    expect(seenAt('traced')[0]?.headers).to.deep.equal({ traceparent, tracestate: 'a=1' });
    await site.post('/v1/shop/log/keyed-trace', 1, { traceparent, 'idempotency-key': 't' });
    await site.post('/v1/shop/log/keyed-trace', 2);
    expect(seenAt('keyed-trace')[0]?.headers).to.deep.equal({ traceparent });
  });

  it('writes what JSON lacks as the documentation says', async () => {
    expect((await site.post('/v1/shop/cart/e/rich')).json).to.deep.equal({
      list: [null, null],
      big: '18446744073709551616',
      date: '1970-01-01T00:00:00.000Z',
      noDate: null,
      map: [['a', '1']],
      set: ['a'],
      bytes: 'AQID',
      floats: [0.5],
      error: { name: 'RangeError', message: 'too far', code: 'FAR' },
      address: 'shop/log/ü/1',
    });
    expect((await site.post('/v1/shop/cart/e/mirror')).json).to.equal(null);
  });

  for (const id of [
    '..',
    '.',
    '/',
    'a/b',
    '%',
    '%2F',
    '%252F',
    '%00',
    '\0',
    '🚲',
    '__proto__',
    'constructor',
    ' ',
    '?#&',
    'ü'.repeat(500),
  ]) {
    it(`reaches the id ${JSON.stringify(id.slice(0, 20))}`, async () => {
      const path = `/v1/shop/log/${encodeURIComponent(id).replaceAll('.', '%2E')}`;
      expect((await site.post(path, id)).status).to.equal(202);
      expect(seenAt(id).map(({ message }) => message)).to.deep.equal([id]);
      await site.post(`/v1/shop/cart/${encodeURIComponent(id)}/put`, id);
      expect(seenAt(id)).to.have.length(2);
    });
  }

  describe('is refused', () => {
    const cases: readonly [string, number, string, () => Promise<Parameters<typeof refused>[0]>][] = [
      ['for a function that nobody binds', 404, 'SF_UNBOUND_FUNCTION', () => site.post('/v1/shop/none/a')],
      ['for a namespace of another form', 404, 'SF_INVALID_NAME', () => site.post('/v1/%00/..%2F/a')],
      ['for a function of the runtime', 404, 'SF_HTTP_NO_ROUTE', () => site.post('/v1/sf/idempotency/a/call', {})],
      ['for an operation that there is not', 404, 'SF_UNKNOWN_OPERATION', () => site.post('/v1/shop/cart/a/none')],
      ['for what every object has', 404, 'SF_UNKNOWN_OPERATION', () => site.post('/v1/shop/cart/a/constructor')],
      ['for __proto__', 404, 'SF_UNKNOWN_OPERATION', () => site.post('/v1/shop/cart/a/__proto__')],
      ['for a contract without an operation', 404, 'SF_UNKNOWN_OPERATION', () => site.post('/v1/shop/cart/a')],
      ['for an operation of what has none', 404, 'SF_UNKNOWN_OPERATION', () => site.post('/v1/shop/log/a/put')],
      ['for an empty operation', 404, 'SF_UNKNOWN_OPERATION', () => site.post('/v1/shop/cart/a/')],
      ['for an empty id', 400, 'SF_INVALID_ID', () => site.post('/v1/shop/log/')],
      ['for a path of too few parts', 404, 'SF_HTTP_NO_ROUTE', () => site.post('/v1/shop/log')],
      ['for a path of too many', 404, 'SF_HTTP_NO_ROUTE', () => site.post('/v1/shop/cart/a/put/b')],
      ['for another path', 404, 'SF_HTTP_NO_ROUTE', () => site.get('/other')],
      ['for a GET that may change state', 405, 'SF_HTTP_METHOD', () => site.get('/v1/shop/cart/a/total')],
      ['for another method', 405, 'SF_HTTP_METHOD', () => site.call('/v1/shop/log/a', { method: 'DELETE' })],
      ['for a value that its schema refuses', 422, 'SF_SCHEMA', () => site.post('/v1/shop/digits/a', 'x')],
      ['for one that its operation refuses', 422, 'SF_SCHEMA', () => site.post('/v1/shop/cart/a/count', {})],
      ['for a handler that failed', 502, 'SF_HANDLER_FAILED', () => site.post('/v1/shop/cart/a/broken')],
      ['with the code of the function', 409, 'OUT_OF_STOCK', () => site.post('/v1/shop/cart/a/refuse')],
      ['when no answer comes', 504, 'SF_ASK_TIMEOUT', () => site.post('/v1/shop/cart/a/never?timeout=20ms')],
      ['for a malformed timeout', 400, 'SF_INVALID_DURATION', () => site.post('/v1/shop/cart/a/never?timeout=x')],
      ['for an unknown consistency', 400, 'SF_HTTP_MALFORMED', () => site.post('/v1/shop/cart/a/total?consistency=x')],
      ['for a misspelt parameter', 400, 'SF_HTTP_MALFORMED', () => site.post('/v1/shop/cart/a/total?consistancy=x')],
      [
        'for a parameter given twice',
        400,
        'SF_HTTP_MALFORMED',
        () => site.post('/v1/shop/log/a?timeout=1s&timeout=2s'),
      ],
      ['for input that is no JSON', 400, 'SF_HTTP_MALFORMED', () => site.get('/v1/shop/cart/a/look?input={')],
      ['for an empty key', 400, 'SF_HTTP_MALFORMED', () => site.post('/v1/shop/log/a', 1, { 'idempotency-key': '' })],
    ];
    for (const [why, status, code, call] of cases) {
      it(`${why}: ${status} ${code}`, async () => {
        expect(refused(await call())).to.deep.equal({ status, code });
      });
    }

    it('and nothing of it reached a function', () => {
      expect(seenAt('a').filter(({ what }) => what === 'log')).to.deep.equal([]);
    });
  });
});
