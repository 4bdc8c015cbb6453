import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { absent } from './absent.js';
import { startCeph } from './ceph.js';
import { startMinio } from './minio.js';
import type { S3Access, S3Process, S3Server } from './s3-server.js';

const howToGetOne =
  'On Debian, become root, or have it installed: apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd ' +
  'ceph-common ceph-base. Elsewhere, start Docker. Or name a server in SF_S3_ENDPOINT, SF_S3_ACCESS_KEY_ID and ' +
  'SF_S3_SECRET_ACCESS_KEY.';

/**
 * The server that the environment names, or else Ceph's S3 gateway, or else MinIO under Docker, or else none.
 *
 * It is gone when this process is, however that ends.
 */
export async function startS3(): Promise<S3Server | undefined> {
  const server = named() ?? (await startCeph()) ?? (await startMinio());
  return server === undefined ? absent('S3 server', howToGetOne) : withBuckets(server);
}

let shared: Promise<S3Server | undefined> | undefined;

/** One server for all that ask in this process; it does not keep the process running, and ends with it. */
export function sharedS3(): Promise<S3Server | undefined> {
  shared ??= startS3();
  return shared;
}

/** Registers tests that want the shared server, if there is one; for the top level of a test file, before mocha starts. */
export async function withS3(tests: (server: S3Server) => void): Promise<void> {
  const server = await sharedS3();
  if (server !== undefined) tests(server);
}

function named(): S3Process | undefined {
  const {
    SF_S3_ENDPOINT: endpoint,
    SF_S3_REGION: region = 'us-east-1',
    SF_S3_ACCESS_KEY_ID: accessKeyId,
    SF_S3_SECRET_ACCESS_KEY: secretAccessKey,
  } = process.env;
  if (endpoint === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error('SF_S3_ENDPOINT is set: set SF_S3_ACCESS_KEY_ID and SF_S3_SECRET_ACCESS_KEY as well.');
  }
  const refuse = () =>
    Promise.reject(new Error(`${endpoint} is not ours to stop: unset SF_S3_ENDPOINT to have one that is.`));
  return {
    access: { endpoint, region, accessKeyId, secretAccessKey },
    stop: refuse,
    start: refuse,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function withBuckets(server: S3Process): S3Server {
  const { access } = server;
  return {
    ...access,
    access,
    stop: () => server.stop(),
    start: () => server.start(),
    makeBucket: () => makeBucket(access),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function makeBucket({ endpoint, region, accessKeyId, secretAccessKey }: S3Access): Promise<string> {
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  try {
    const bucket = `stateful-functions-${randomBytes(8).toString('hex')}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    return bucket;
  } finally {
    client.destroy();
  }
}
