import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { checkBlobName, type Platform, StatefulFunctionsError } from '@stateful-functions/core';

/** How to reach S3. Everything that is left out is found as the AWS SDK finds it: in the environment, profiles, and roles. */
export interface S3ConnectionOptions {
  readonly region?: string;
  /** The URL of a service other than AWS, such as `http://127.0.0.1:9000`. */
  readonly endpoint?: string;
  /** Whether the bucket's name goes into the path rather than the host name; by default if there is an `endpoint`. */
  readonly pathStyle?: boolean;
  /** Keys, or a function that brings them. */
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>;
  /** How long a connection may take to be made, in milliseconds; 3,000 by default. */
  readonly connectTimeoutMs?: number;
  /**
   * How long a request may make no progress, in milliseconds; 10,000 by default. Then it is tried again. One whose answer does not
   * begin is, at first, after 2,000 already, then after twice as long each time.
   */
  readonly requestTimeoutMs?: number;
}

/** How often and how soon a request is tried again that failed for a reason which may pass. */
export interface RetryOptions {
  /** Attempts in all; 8 by default, which takes about 5 s when each fails at once. */
  readonly attempts?: number;
  /** The first wait, in milliseconds; each later one is twice as long, with jitter. 100 by default. */
  readonly backoffMs?: number;
  /** No wait is longer than this, in milliseconds; 2,000 by default. */
  readonly maxBackoffMs?: number;
}

/** Encryption at rest: with S3's own key, with a key of KMS, or with the account's default key of KMS. */
export type S3Encryption = 'AES256' | 'aws:kms' | { readonly kmsKeyId: string };

export interface S3BlobStoreOptions extends S3ConnectionOptions {
  readonly bucket: string;
  /** What all keys begin with, without the slash at its end; one application has it to itself. None by default. */
  readonly prefix?: string;
  /** A client that is ready, instead of the options for a connection. It is not destroyed by `close`; its own retries multiply with `retry`. */
  readonly client?: S3Client;
  readonly encryption?: S3Encryption;
  readonly retry?: RetryOptions;
  /**
   * The size of a part in bytes, 5 MiB at least; 8 MiB by default. A larger blob is uploaded in parts of this size, 10,000 at
   * most. `false` for a service whose multipart uploads replace what exists: then each blob is held in memory and sent at once.
   */
  readonly multipart?: number | false;
  /** Where time and jitter come from; Node.js by default. */
  readonly platform?: Platform;
}

const maxPrefixLength = 500;
const minPartBytes = 5 * 1024 * 1024;
const maxPartBytes = 5 * 1024 * 1024 * 1024;
const connectionOptions = [
  'region',
  'endpoint',
  'pathStyle',
  'credentials',
  'connectTimeoutMs',
  'requestTimeoutMs',
] as const;

/** A client as the options want it. Retries are the store's, which also knows those that the SDK does not. */
export function clientOf(options: S3BlobStoreOptions): S3Client {
  const { client, region, endpoint, pathStyle, credentials, connectTimeoutMs } = options;
  if (client !== undefined) {
    const useless = connectionOptions.find((name) => options[name] !== undefined);
    if (useless === undefined) return client;
    throw invalid(useless, options[useless], 'Leave it out, or set it on the client that was given');
  }
  return new S3Client({
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint: checkedEndpoint(endpoint) }),
    ...(credentials !== undefined && { credentials }),
    forcePathStyle: pathStyle ?? endpoint !== undefined,
    maxAttempts: 1,
    // A checksum header on each request is refused by some services; the signature covers the body either way.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: whole('connectTimeoutMs', connectTimeoutMs ?? 3_000, 1),
      socketTimeout: requestTimeoutOf(options),
      // That of each request comes with it.
      throwOnRequestTimeout: true,
    },
  });
}

/** @throws SF_INVALID_OPTION */
export function requestTimeoutOf({ requestTimeoutMs }: S3BlobStoreOptions): number {
  return whole('requestTimeoutMs', requestTimeoutMs ?? 10_000, 1);
}

/** @throws SF_INVALID_OPTION */
export function checkedBucket(bucket: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(bucket) || /^arn:[\w:/.-]+$/.test(bucket)) return bucket;
  throw invalid('bucket', bucket, 'Pass the name of a bucket, or the ARN of an access point');
}

/**
 * What keys begin with: the prefix and a slash, or nothing.
 *
 * @throws SF_INVALID_NAME, SF_INVALID_OPTION
 */
export function keyPrefixOf(prefix: string): string {
  const trimmed = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  if (trimmed === '') return '';
  checkBlobName(trimmed);
  // S3's keys have at most 1,024 bytes, and the names of blobs 512.
  if (trimmed.length <= maxPrefixLength) return `${trimmed}/`;
  throw invalid('prefix', `${trimmed.slice(0, 20)}…`, `Pass at most ${maxPrefixLength} characters`);
}

/** @throws SF_INVALID_OPTION */
export function checkedPartBytes(multipart: number | false): number {
  return multipart === false ? Number.POSITIVE_INFINITY : whole('multipart', multipart, minPartBytes, maxPartBytes);
}

/** The parameters of a request that ask for encryption. */
export function encryptionOf(encryption: S3Encryption | undefined) {
  if (encryption === undefined) return {};
  if (encryption === 'AES256' || encryption === 'aws:kms') return { ServerSideEncryption: encryption };
  return { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: encryption.kmsKeyId } as const;
}

/** @throws SF_INVALID_OPTION */
export function whole(name: string, value: number, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw invalid(name, value, `Set it to a whole number from ${least} to ${most}`);
}

export function invalid(name: string, value: unknown, fix: string): StatefulFunctionsError {
  const shown = typeof value === 'object' ? 'given' : JSON.stringify(value);
  return new StatefulFunctionsError('SF_INVALID_OPTION', `${name} is ${shown}. ${fix}.`);
}

function checkedEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '')
    return endpoint;
  // It is not shown, as it may hold a password.
  throw new StatefulFunctionsError('SF_INVALID_OPTION', 'endpoint is no http or https URL without user and password.');
}
