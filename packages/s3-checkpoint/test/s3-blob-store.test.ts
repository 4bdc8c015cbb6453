import { ListMultipartUploadsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { blobStoreConformance } from '@stateful-functions/core/testing';
import { HttpProxy, withS3 } from '@stateful-functions/servers';
import { expect } from 'chai';
import { S3BlobStore } from '../src/index.js';
import { completesUpload, conditionalMultipart } from './conditional-multipart.js';
import { bucketOptions, clientOf } from './test-bucket.js';

const partBytes = 5 * 1024 * 1024;

await withS3((server) => {
  const client = clientOf(server);
  after(() => client.destroy());

  blobStoreConformance('S3BlobStore', async () => ({
    store: new S3BlobStore({ ...(await bucketOptions(server)), multipart: false }),
  }));

  blobStoreConformance('S3BlobStore under a prefix', async () => ({
    store: new S3BlobStore({ ...(await bucketOptions(server)), prefix: 'team/application', multipart: false }),
  }));

  describe('S3BlobStore', () => {
    it('keeps to its prefix', async () => {
      const options = { ...(await bucketOptions(server)), multipart: false } as const;
      const [one, other] = ['app', 'app-2'].map((prefix) => new S3BlobStore({ ...options, prefix })) as [
        S3BlobStore,
        S3BlobStore,
      ];
      expect(await one.put('a', Uint8Array.of(1))).to.equal(true);
      expect(await other.put('a', Uint8Array.of(2))).to.equal(true);
      expect(await one.list('')).to.deep.equal(['a']);
      await one.delete('a');
      expect(await other.get('a')).to.deep.equal(Buffer.of(2));
    });

    it('lists more names than one answer holds, in order', async function () {
      this.timeout(120_000);
      const store = new S3BlobStore({ ...(await bucketOptions(server)), multipart: false });
      const names = Array.from({ length: 1_050 }, (_, at) => `log/${(at * 7919) % 100_000}`);
      for (let at = 0; at < names.length; at += 50) {
        await Promise.all(names.slice(at, at + 50).map((name) => store.put(name, new Uint8Array(0))));
      }
      expect(await store.list('log/')).to.deep.equal(names.sort());
    });

    it('passes over what consoles make to stand for a folder', async () => {
      const options = await bucketOptions(server);
      await client.send(new PutObjectCommand({ Bucket: options.bucket, Key: 'app/', Body: new Uint8Array(0) }));
      expect(await new S3BlobStore({ ...options, prefix: 'app' }).list('')).to.deep.equal([]);
    });

    it('leaves nothing of its probe behind', async () => {
      const store = new S3BlobStore({ ...(await bucketOptions(server)), multipart: false });
      await Promise.all([store.open(), store.open(), store.open()]);
      expect(await store.list('')).to.deep.equal([]);
    });

    it('works with a client that is given to it, and leaves that open', async () => {
      const { bucket } = await bucketOptions(server);
      const store = new S3BlobStore({ bucket, client, multipart: false });
      await store.open();
      await store.close();
      expect(await new S3BlobStore({ bucket, client }).list('')).to.deep.equal([]);
    });

    it('is made from a URL', async () => {
      const { bucket, credentials } = await bucketOptions(server);
      const url = `s3://${bucket}/from/url?region=${server.region}&endpoint=${server.endpoint}&multipart=false`;
      const store = S3BlobStore.fromUrl(url, credentials === undefined ? {} : { credentials });
      await store.open();
      await store.put('a', Uint8Array.of(1));
      expect(await new S3BlobStore({ bucket, client }).list('from/')).to.deep.equal(['from/url/a']);
      await store.close();
    });
  });

  describe('S3BlobStore with large blobs', () => {
    let proxy: HttpProxy;

    beforeEach(async () => {
      proxy = await HttpProxy.to(server.endpoint);
      proxy.intercept = conditionalMultipart(client);
    });

    afterEach(() => proxy[Symbol.asyncDispose]());

    const storeHere = async () =>
      new S3BlobStore({ ...(await bucketOptions(server, proxy.endpoint)), multipart: partBytes });
    const completions = () => proxy.requests.filter(completesUpload).length;

    it('sends one in parts, whether it comes at once or in pieces', async () => {
      const store = await storeHere();
      await store.open();
      const large = pattern(2 * partBytes + 1_000);
      const before = completions();
      expect(await store.put('whole', large)).to.equal(true);
      expect(await store.put('pieces', inPieces(large, 777_777))).to.equal(true);
      expect(completions() - before).to.equal(2);
      for (const name of ['whole', 'pieces']) {
        expect(Buffer.compare((await store.get(name)) as Uint8Array, large), name).to.equal(0);
        const range = { offset: partBytes - 10, length: 20 };
        const across = await store.get(name, range);
        expect(Buffer.compare(across as Uint8Array, large.subarray(partBytes - 10, partBytes + 10)), name).to.equal(0);
      }
    });

    it('sends one that fits into a part by a single request', async () => {
      const store = await storeHere();
      expect(await store.put('fits', inPieces(pattern(partBytes), 1_000_000))).to.equal(true);
      expect(proxy.requests.map(({ method }) => method)).to.deep.equal(['PUT']);
    });

    it('never replaces a blob by one, and gives up its parts', async () => {
      const store = await storeHere();
      await store.put('taken', Uint8Array.of(1));
      expect(await store.put('taken', pattern(partBytes + 1))).to.equal(false);
      expect(await store.get('taken')).to.deep.equal(Buffer.of(1));
      expect(await uploads()).to.equal(0);
    });

    it('lets one of several racers win', async function () {
      this.timeout(60_000);
      const store = await storeHere();
      const racers = Array.from({ length: 6 }, (_, racer) =>
        racer % 2 === 0 ? pattern(partBytes + racer, racer) : pattern(100, racer),
      );
      const won = await Promise.all(racers.map((body) => store.put('race', body)));
      const winners = racers.filter((_, racer) => won[racer]);
      expect(winners).to.have.length(1);
      expect(Buffer.compare((await store.get('race')) as Uint8Array, winners[0] as Uint8Array)).to.equal(0);
    });

    it('leaves nothing of one whose body fails', async () => {
      const store = await storeHere();
      async function* failing() {
        yield pattern(partBytes + 1);
        throw new Error('the body failed');
      }
      const error = await store.put('failed', failing()).catch((thrown) => thrown);
      expect(error.message).to.equal('the body failed');
      expect(await store.list('')).to.deep.equal([]);
      expect(await uploads()).to.equal(0);
    });

    it('shows nothing of one whose writer is cut off before it is complete', async () => {
      const store = await storeHere();
      const intercept = proxy.intercept;
      let cutOff = false;
      proxy.intercept = async (request, pass) => {
        // From the completion on, nothing of the writer comes through: not even that it gives up.
        cutOff ||= completesUpload(request);
        return cutOff ? 'reset' : intercept(request, pass);
      };
      const error = await store.put('cut', pattern(partBytes + 1)).catch((thrown) => thrown);
      expect(error.code).to.equal('SF_UNREACHABLE');
      proxy.intercept = intercept;
      expect(await store.get('cut')).to.equal(undefined);
      expect(await store.list('')).to.deep.equal([]);
      expect(await store.put('cut', Uint8Array.of(1))).to.equal(true);
    });

    it('finds a blob that is its own when the answer to the completion is lost', async () => {
      const store = await storeHere();
      const intercept = proxy.intercept;
      let lost = 0;
      proxy.intercept = async (request, pass) => {
        const answer = await intercept(request, pass);
        if (!completesUpload(request) || lost > 0) return answer;
        lost += 1;
        return 'reset';
      };
      const body = pattern(partBytes + 1);
      expect(await store.put('settled', body)).to.equal(false);
      expect(lost).to.equal(1);
      expect(Buffer.compare((await store.get('settled')) as Uint8Array, body)).to.equal(0);
    });

    it('finds a blob that is its own when the upload is gone', async () => {
      const store = await storeHere();
      const intercept = proxy.intercept;
      let completed = false;
      proxy.intercept = async (request, pass) => {
        if (!completesUpload(request)) return intercept(request, pass);
        if (completed) return { status: 404, body: '<Error><Code>NoSuchUpload</Code></Error>' };
        await intercept(request, pass);
        completed = true;
        return 'reset';
      };
      expect(await store.put('gone', pattern(partBytes + 1))).to.equal(false);
      // One whose upload was aborted by somebody else is not taken for one that is there.
      const error = await store.put('aborted', pattern(partBytes + 1)).catch((thrown) => thrown);
      expect(error.code).to.equal('SF_STORAGE');
    });

    /** How many uploads are under way in the bucket that the proxy was last asked for. */
    async function uploads(): Promise<number> {
      const Bucket = proxy.requests.at(-1)?.path.split(/[/?]/)[1];
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      return Uploads.length;
    }
  });
});

function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 31 + (at >> 10) + seed * 17) & 0xff;
  return bytes;
}

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += length) yield bytes.slice(at, at + length);
}
