import { S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { S3BlobStore } from '../src/index.js';
import { optionsOfUrl } from '../src/s3-url.js';

describe('The options of an S3BlobStore', () => {
  const codeOf = (make: () => unknown) => {
    try {
      make();
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
    return undefined;
  };

  it('refuse prefixes that lead elsewhere, or that no name could follow', () => {
    for (const prefix of ['..', 'a/../b', '/a', 'a//b', '.', 'a b', 'ä', 'a\0', 'a%2F', 'x'.repeat(256), '😀', '*']) {
      expect(
        codeOf(() => new S3BlobStore({ bucket: 'bucket', prefix })),
        prefix,
      ).to.equal('SF_INVALID_NAME');
    }
    expect(codeOf(() => new S3BlobStore({ bucket: 'bucket', prefix: `${'x/'.repeat(251)}x` }))).to.equal(
      'SF_INVALID_OPTION',
    );
    for (const prefix of ['', 'a', 'a/', '__proto__', 'team/application.1'])
      new S3BlobStore({ bucket: 'bucket', prefix });
  });

  it('refuse what cannot work', () => {
    for (const options of [
      { bucket: '' },
      { bucket: 'a/b' },
      { bucket: '..' },
      { bucket: 'bucket', endpoint: 'localhost:9000' },
      { bucket: 'bucket', endpoint: 'http://user:password@localhost' },
      { bucket: 'bucket', multipart: 1024 },
      { bucket: 'bucket', retry: { attempts: 0 } },
      { bucket: 'bucket', requestTimeoutMs: -1 },
      { bucket: 'bucket', client: new S3Client({}), region: 'eu-west-1' },
    ]) {
      expect(
        codeOf(() => new S3BlobStore(options)),
        JSON.stringify(Object.keys(options)),
      ).to.equal('SF_INVALID_OPTION');
    }
  });

  it('are read from a URL', () => {
    expect(optionsOfUrl('s3://bucket')).to.deep.equal({ bucket: 'bucket', prefix: '' });
    expect(
      optionsOfUrl(
        's3://bucket/team/app?region=eu-west-1&endpoint=http%3A%2F%2F127.0.0.1%3A9000&pathStyle=false&multipart=false&kmsKeyId=key',
      ),
    ).to.deep.equal({
      bucket: 'bucket',
      prefix: 'team/app',
      region: 'eu-west-1',
      endpoint: 'http://127.0.0.1:9000',
      pathStyle: false,
      multipart: false,
      encryption: { kmsKeyId: 'key' },
    });
    expect(optionsOfUrl('s3://bucket/a?multipart=10485760&encryption=AES256')).to.include({
      multipart: 10_485_760,
      encryption: 'AES256',
    });
  });

  it('are refused in a URL that holds something else', () => {
    for (const url of [
      '',
      'bucket',
      'http://bucket',
      's3:bucket',
      's3://b?regoin=x',
      's3://b?__proto__=x',
      's3://b?pathStyle=1',
    ]) {
      expect(
        codeOf(() => optionsOfUrl(url)),
        url,
      ).to.equal('SF_INVALID_OPTION');
    }
    expect(codeOf(() => S3BlobStore.fromUrl('s3://bucket/a/../b'))).to.equal('SF_INVALID_NAME');
    expect(codeOf(() => S3BlobStore.fromUrl('s3:///prefix'))).to.equal('SF_INVALID_OPTION');
    expect(codeOf(() => S3BlobStore.fromUrl('s3://bucket?multipart=many'))).to.equal('SF_INVALID_OPTION');
  });

  it('never show a key that a URL holds', () => {
    for (const make of [
      () => S3BlobStore.fromUrl('s3://key:hidden@bucket/prefix'),
      () => new S3BlobStore({ bucket: 'bucket', endpoint: 'http://key:hidden@localhost' }),
    ]) {
      expect(make).to.throw().with.property('message').that.does.not.include('hidden');
    }
  });
});
