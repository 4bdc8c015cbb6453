export { S3BlobStore } from './s3-blob-store.js';
export type { RetryOptions, S3BlobStoreOptions, S3ConnectionOptions, S3Encryption } from './s3-options.js';
