import { crc32 } from 'node:zlib';
import type { S3Client } from '@aws-sdk/client-s3';
import { NotStoredError } from '@stateful-functions/core';
import { HttpProxy, type Interception, type ProxiedAnswer, withS3 } from '@stateful-functions/servers';
import { expect } from 'chai';
import { S3BlobStore, type S3BlobStoreOptions } from '../src/index.js';
import { rejection } from './coded.js';
import { conditionalMultipart } from './conditional-multipart.js';
import { bucketOptions, clientOf } from './test-bucket.js';

const body = new TextEncoder().encode('0123456789');

await withS3((server) => {
  describe('S3BlobStore when requests fail', () => {
    let proxy: HttpProxy;
    let options: S3BlobStoreOptions;
    let store: S3BlobStore;

    beforeEach(async () => {
      proxy = await HttpProxy.to(server.endpoint);
      options = { ...(await bucketOptions(server, proxy.endpoint)), multipart: false };
      store = new S3BlobStore(options);
    });

    afterEach(async () => {
      await store.close();
      await proxy[Symbol.asyncDispose]();
    });

    /** Lets a fault strike the next `times` requests. */
    const strike = (fault: Interception, times = Number.POSITIVE_INFINITY) => {
      let left = times;
      proxy.intercept = (request, pass) => (left-- > 0 ? fault(request, pass) : pass());
      proxy.requests.length = 0;
    };

    const passing: Record<string, Interception> = {
      'answers 500': async () => refusal(500, 'InternalError'),
      'answers 503': async () => refusal(503, 'SlowDown'),
      'answers 429': async () => refusal(429, 'TooManyRequests'),
      'answers 409, as another write is under way': async () => refusal(409, 'ConditionalRequestConflict'),
      'answers 400, as the request came too slowly': async () => refusal(400, 'RequestTimeout'),
      'answers with something that is no XML': async () => ({ status: 502, body: '<html>Bad gateway' }),
      'cuts the connection': async () => 'reset',
    };
    for (const [what, fault] of Object.entries(passing)) {
      it(`tries again when the service ${what}`, async () => {
        strike(fault, 2);
        expect(await store.put('a', body)).to.equal(true);
        expect(proxy.requests).to.have.length(3);
        strike(fault, 2);
        expect(await store.get('a')).to.deep.equal(Buffer.from(body));
        strike(fault, 2);
        expect(await store.list('')).to.deep.equal(['a']);
        strike(fault, 2);
        await store.delete('a');
        expect(await store.get('a')).to.equal(undefined);
      });
    }

    it('gives up after as many attempts as it was told, with a code and the cause', async () => {
      store = new S3BlobStore({ ...options, retry: { attempts: 3, backoffMs: 1 } });
      strike(async () => refusal(503, 'SlowDown'));
      const error = await rejection('SF_STORAGE', store.put('a', body));
      expect(error.message).to.include('put blob a').and.include('SlowDown 503');
      expect(error.cause).to.have.property('name', 'SlowDown');
      expect(proxy.requests).to.have.length(3);
    });

    it('says that nothing is stored where nobody takes connections, and nowhere else', async () => {
      store = new S3BlobStore({ ...options, retry: { attempts: 2, backoffMs: 1 } });
      strike(async () => 'reset');
      expect(await rejection('SF_UNREACHABLE', store.put('a', body))).not.to.be.instanceOf(NotStoredError);
      await proxy[Symbol.asyncDispose]();
      expect(await rejection('SF_UNREACHABLE', store.put('a', body))).to.be.instanceOf(NotStoredError);
    });

    it('tries again when no answer comes in time, and says so when none ever does', async () => {
      store = new S3BlobStore({ ...options, requestTimeoutMs: 200, retry: { attempts: 2, backoffMs: 1 } });
      const never: Interception = () => new Promise(() => undefined);
      strike(never, 1);
      expect(await store.put('a', body)).to.equal(true);
      strike(never);
      const error = await rejection('SF_UNREACHABLE', store.get('a'));
      expect(error.cause).to.have.property('name', 'TimeoutError');
      expect(proxy.requests).to.have.length(2);
    });

    it('asks again soon for what is answered at once as a rule, long before a request may be given up', async function () {
      this.timeout(30_000);
      store = new S3BlobStore({ ...options, retry: { backoffMs: 1 } });
      const never: Interception = () => new Promise(() => undefined);
      const took = async (work: Promise<unknown>) => {
        const startMs = performance.now();
        await work;
        return performance.now() - startMs;
      };
      strike(never, 1);
      expect(await took(store.put('a', body))).to.be.within(1_500, 6_000);
      strike(never, 1);
      expect(await took(store.get('a'))).to.be.within(1_500, 6_000);
      strike(never, 1);
      expect(await took(store.list(''))).to.be.within(1_500, 6_000);
    });

    it('waits for a slow answer no less than for as long as it was told, if need be', async function () {
      this.timeout(30_000);
      store = new S3BlobStore({ ...options, requestTimeoutMs: 8_000, retry: { attempts: 2, backoffMs: 1 } });
      strike(async (_request, pass) => {
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        return pass();
      });
      expect(await store.get('none')).to.equal(undefined);
      expect(proxy.requests).to.have.length(2);
    });

    it('finds the name taken, by its own blob, when the answer to its first attempt was lost', async () => {
      const lost: Interception = async (_request, pass) => {
        await pass();
        return 'reset';
      };
      strike(lost, 1);
      expect(await store.put('a', body)).to.equal(false);
      expect(await store.get('a')).to.deep.equal(Buffer.from(body));
    });

    it('rejects when it does not know whether a blob was made', async () => {
      strike(async (_request, pass) => {
        await pass();
        return 'reset';
      });
      await rejection('SF_UNREACHABLE', store.put('a', body));
      strike(async () => 'reset', 0);
      expect(await store.get('a')).to.deep.equal(Buffer.from(body));
    });

    it('reads again what was cut off, and never returns a part for the whole', async () => {
      await store.put('a', body);
      const cut: Interception = async (_request, pass) => ({ ...((await pass()) as ProxiedAnswer), cutAt: 4 });
      strike(cut, 2);
      expect(await store.get('a')).to.deep.equal(Buffer.from(body));
      strike(cut, 2);
      expect(await store.get('a', { offset: 2, length: 7 })).to.deep.equal(Buffer.from('2345678'));
      strike(cut);
      await rejection('SF_UNREACHABLE', store.get('a'));
    });

    it('reads again what does not match its checksum, and reports damage that stays', async () => {
      await store.put('a', body);
      const damage: Interception = async (_request, pass) => {
        const answer = await pass();
        const whole = Buffer.from(answer.body as Buffer);
        const checksum = Buffer.alloc(4);
        checksum.writeUInt32BE(crc32(whole));
        whole[3] = 0;
        return {
          ...answer,
          body: whole,
          headers: { ...answer.headers, 'x-amz-checksum-crc32': checksum.toString('base64') },
        };
      };
      strike(damage, 2);
      expect(await store.get('a')).to.deep.equal(Buffer.from(body));
      strike(damage);
      const error = await rejection('SF_DAMAGED', store.get('a'));
      expect(error.message).to.include('get blob a');
    });

    it('cuts what it asked for out of an answer that ignores the range', async () => {
      strike(async () => ({ status: 200, body: Buffer.from(body) }));
      expect(await store.get('a', { offset: 3, length: 4 })).to.deep.equal(Buffer.from('3456'));
    });

    it('takes only the absence of a key for the absence of a blob', async () => {
      strike(async () => ({ status: 404, body: '<html>Not found' }));
      await rejection('SF_STORAGE', store.get('a'));
      strike(async () => refusal(404, 'NoSuchBucket'));
      await rejection('SF_NO_BUCKET', store.get('a'));
      await rejection('SF_NO_BUCKET', store.get('a', { offset: 0, length: 0 }));
      await rejection('SF_NO_BUCKET', store.delete('a'));
      strike(async () => refusal(403, 'AccessDenied'));
      await rejection('SF_STORAGE_ACCESS', store.get('a'));
    });

    it('says which region a bucket is in, as AWS tells it', async () => {
      const answers: ProxiedAnswer[] = [
        { ...refusal(301, 'PermanentRedirect'), headers: { 'x-amz-bucket-region': 'eu-west-9' } },
        refusal(400, 'AuthorizationHeaderMalformed', '<Region>eu-west-9</Region>'),
      ];
      for (const answer of answers) {
        strike(async () => answer);
        const error = await rejection('SF_WRONG_REGION', store.open());
        expect(error.message).to.include('eu-west-9');
      }
    });

    it('asks for encryption as it was told', async () => {
      for (const [encryption, headers] of [
        ['AES256', { 'x-amz-server-side-encryption': 'AES256' }],
        ['aws:kms', { 'x-amz-server-side-encryption': 'aws:kms' }],
        [
          { kmsKeyId: 'a-key' },
          { 'x-amz-server-side-encryption': 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id': 'a-key' },
        ],
      ] as const) {
        const encrypted = new S3BlobStore({ ...options, encryption });
        strike(async () => refusal(400, 'InvalidRequest'));
        await rejection('SF_STORAGE', encrypted.put('a', body));
        expect(proxy.requests[0]?.headers).to.include(headers);
        await encrypted.close();
      }
    });

    it('does not try again what cannot pass', async () => {
      strike(async () => refusal(403, 'AccessDenied'));
      await rejection('SF_STORAGE_ACCESS', store.put('a', body));
      expect(proxy.requests).to.have.length(1);
    });
  });

  describe('S3BlobStore, when it is opened,', () => {
    const opening = async (options: Partial<S3BlobStoreOptions>) =>
      open({ ...(await bucketOptions(server)), multipart: false, ...options });

    it('refuses keys that are unknown or wrong', async () => {
      const { accessKeyId } = server;
      await rejection('SF_STORAGE_ACCESS', opening({ credentials: { accessKeyId, secretAccessKey: 'wrong' } }));
      await rejection(
        'SF_STORAGE_ACCESS',
        opening({ credentials: { accessKeyId: 'nobody', secretAccessKey: 'wrong' } }),
      );
    });

    it('says that there are no keys', async () => {
      const none = () => Promise.reject(Object.assign(new Error('no keys'), { name: 'CredentialsProviderError' }));
      await rejection('SF_STORAGE_ACCESS', opening({ credentials: none }));
    });

    it('refuses a bucket that is not there', async () => {
      const error = await rejection('SF_NO_BUCKET', opening({ bucket: 'no-such-bucket' }));
      expect(error.message).to.include('no-such-bucket');
    });

    it('says that nobody answers', async () => {
      const error = await rejection('SF_UNREACHABLE', opening({ endpoint: 'http://127.0.0.1:1' }));
      expect(error.cause).to.have.property('code', 'ECONNREFUSED');
    });

    it('refuses a service that replaces what exists', async () => {
      const { bucket } = await bucketOptions(server);
      const client = unconditional('PutObjectCommand');
      await rejection('SF_NO_PUT_IF_ABSENT', open({ bucket, client }));
      await rejection('SF_NO_PUT_IF_ABSENT', open({ bucket, client, multipart: false }));
      expect(await new S3BlobStore({ bucket, client }).list('')).to.deep.equal([]);
      client.destroy();
    });

    it('refuses a service that replaces what exists by a multipart upload, unless it is not used', async () => {
      const { bucket } = await bucketOptions(server);
      const client = unconditional('CompleteMultipartUploadCommand');
      const error = await rejection('SF_NO_PUT_IF_ABSENT', open({ bucket, client }));
      expect(error.message).to.include('multipart: false');
      expect(await new S3BlobStore({ bucket, client }).list('')).to.deep.equal([]);
      await open({ bucket, client, multipart: false });
      client.destroy();
    });

    it('accepts a service that does neither', async () => {
      const client = clientOf(server);
      const proxy = await HttpProxy.to(server.endpoint);
      proxy.intercept = conditionalMultipart(client);
      await open(await bucketOptions(server, proxy.endpoint));
      await proxy[Symbol.asyncDispose]();
      client.destroy();
    });

    async function open(options: S3BlobStoreOptions): Promise<void> {
      const store = new S3BlobStore(options);
      try {
        await store.open();
      } finally {
        await store.close();
      }
    }

    /** A client of the real server that forgets the condition of one command, so that the server never sees it. */
    function unconditional(command: string): S3Client {
      const client = clientOf(server);
      client.middlewareStack.add(
        (next, { commandName }) =>
          (args) => {
            const { headers } = args.request as { headers: Record<string, string> };
            if (commandName === command) delete headers['if-none-match'];
            return next(args);
          },
        { step: 'build' },
      );
      return client;
    }
  });
});

function refusal(status: number, code: string, more = ''): ProxiedAnswer {
  return { status, body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code>${more}</Error>` };
}
