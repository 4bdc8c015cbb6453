import { S3BlobStore } from '@stateful-functions/s3-checkpoint';
import type { Site } from './site.js';

/** Where an application has its checkpoints on the servers of a site. */
export function storeOf({ s3, bucket }: Site, application: string): S3BlobStore {
  // The server that comes with Debian ignores conditions of multipart uploads.
  return new S3BlobStore({ ...s3, bucket, prefix: application, pathStyle: true, multipart: false });
}
