import { S3Client } from '@aws-sdk/client-s3';
import type { S3Server } from '@stateful-functions/servers';
import type { S3BlobStoreOptions } from '../src/index.js';

/** Options for a bucket of one's own, straight on the server, or by way of a proxy's endpoint. */
export async function bucketOptions(on: S3Server, endpoint = on.endpoint): Promise<S3BlobStoreOptions> {
  return {
    bucket: await on.makeBucket(),
    region: on.region,
    endpoint,
    credentials: credentialsOf(on),
    retry: { backoffMs: 1 },
  };
}

/** A plain client, to look at what a store did. */
export function clientOf(on: S3Server): S3Client {
  return new S3Client({
    endpoint: on.endpoint,
    region: on.region,
    forcePathStyle: true,
    credentials: credentialsOf(on),
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
}

function credentialsOf({ accessKeyId, secretAccessKey }: S3Server) {
  return { accessKeyId, secretAccessKey };
}
