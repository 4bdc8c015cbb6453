import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  type BlobBody,
  type BlobStore,
  type ByteRange,
  checkBlobName,
  checkBlobPrefix,
  checkByteRange,
  NotStoredError,
  nodePlatform,
  StatefulFunctionsError,
} from '@stateful-functions/core';
import { partsOf } from './body-parts.js';
import { MultipartUpload } from './multipart-upload.js';
import { probePutIfAbsent } from './put-if-absent-probe.js';
import { type AttemptOptions, Retry } from './retry.js';
import { failureName, IncompleteAnswer, isUnsent, s3Error, statusOf } from './s3-failure.js';
import {
  checkedBucket,
  checkedPartBytes,
  clientOf,
  encryptionOf,
  keyPrefixOf,
  requestTimeoutOf,
  type S3BlobStoreOptions,
} from './s3-options.js';
import { optionsOfUrl } from './s3-url.js';

const defaultPartBytes = 8 * 1024 * 1024;

/**
 * Blobs as objects of a bucket, on AWS S3 or a service that speaks its protocol.
 *
 * **Details**
 * Each write carries `If-None-Match: *`, so the service decides who is first. A blob that fits into one part is one PUT; a
 * larger one is a multipart upload, which becomes visible by its last request, under the same condition. What may pass (no
 * answer, 5xx, 409, 429) is tried again, with jitter and within bounds. As a retry may meet the object that an earlier attempt
 * made, `put` may resolve `false` for a blob which is this caller's own: compare what is there.
 *
 * **Gotchas**
 * Call `open` first: it refuses a service that ignores the condition. One application has a prefix to itself.
 *
 * All methods throw SF_STORAGE_ACCESS, SF_NO_BUCKET, SF_WRONG_REGION, SF_UNREACHABLE, SF_STORAGE, with the SDK's error as cause.
 */
export class S3BlobStore implements BlobStore {
  readonly #client: S3Client;
  readonly #ownsClient: boolean;
  readonly #bucket: string;
  readonly #keyPrefix: string;
  readonly #encryption: ReturnType<typeof encryptionOf>;
  readonly #partBytes: number;
  readonly #retry: Retry;
  readonly #platform;

  /** @throws SF_INVALID_OPTION, SF_INVALID_NAME */
  constructor(options: S3BlobStoreOptions) {
    const {
      bucket,
      prefix = '',
      encryption,
      multipart = defaultPartBytes,
      retry = {},
      platform = nodePlatform(),
    } = options;
    this.#bucket = checkedBucket(bucket);
    this.#keyPrefix = keyPrefixOf(prefix);
    this.#encryption = encryptionOf(encryption);
    this.#partBytes = checkedPartBytes(multipart);
    this.#platform = platform;
    // A client that was given says by itself how long it waits.
    this.#retry = new Retry(platform, retry, options.client === undefined ? requestTimeoutOf(options) : undefined);
    this.#client = clientOf(options);
    this.#ownsClient = options.client === undefined;
  }

  /**
   * A store at `s3://bucket/prefix`, with `?region=…&endpoint=…&pathStyle=…&multipart=…&encryption=…&kmsKeyId=…` where needed;
   * `more` adds what a URL cannot hold.
   *
   * @throws SF_INVALID_OPTION, SF_INVALID_NAME
   */
  static fromUrl(url: string, more: Partial<S3BlobStoreOptions> = {}): S3BlobStore {
    return new S3BlobStore({ ...optionsOfUrl(url), ...more });
  }

  /**
   * Tries everything that the store needs of the service, on an object of its own.
   *
   * @throws SF_NO_PUT_IF_ABSENT when the service replaces what exists
   */
  async open(): Promise<void> {
    const multipart = Number.isFinite(this.#partBytes);
    const put = (name: string, body: Uint8Array) => this.put(name, body);
    const putInParts = (name: string, body: Uint8Array) =>
      this.#doing(`put blob ${name}`, this.#putInParts(name, [body]));
    await probePutIfAbsent(this, this.#platform.random, multipart ? { put, putInParts } : { put });
  }

  async close(): Promise<void> {
    if (this.#ownsClient) this.#client.destroy();
  }

  async put(name: string, body: BlobBody): Promise<boolean> {
    checkBlobName(name);
    const parts = partsOf(body, this.#partBytes);
    // The body's own errors pass as they are: they are not the service's.
    const first = (await parts.next()).value as Uint8Array;
    const second = await parts.next();
    if (second.done === true) return this.#putWhole(name, first);
    return this.#putInParts(name, following([first, second.value], parts));
  }

  async get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    checkBlobName(name);
    if (range === undefined) return this.#doing(`get blob ${name}`, this.#read(name));
    checkByteRange(range);
    if (range.length > 0) return this.#doing(`get blob ${name}`, this.#read(name, range));
    // No range of HTTP is empty, and the answer to HEAD does not tell a missing object from a missing bucket.
    const byte = await this.#doing(`get blob ${name}`, this.#read(name, { offset: range.offset, length: 1 }));
    return byte?.subarray(0, 0);
  }

  async list(prefix: string): Promise<string[]> {
    checkBlobPrefix(prefix);
    const names: string[] = [];
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: this.#keyPrefix + prefix,
        ContinuationToken: token,
      });
      const page = await this.#doing(
        `list blobs ${prefix}*`,
        this.#retry.run((attempt) => this.#client.send(command, attempt)),
      );
      for (const { Key = '' } of page.Contents ?? []) {
        // Consoles make empty objects to stand for folders.
        if (!Key.endsWith('/')) names.push(Key.slice(this.#keyPrefix.length));
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    // S3 lists in the order of bytes, which is the same for ASCII; directory buckets list in none.
    return names.sort();
  }

  async delete(name: string): Promise<void> {
    checkBlobName(name);
    const command = new DeleteObjectCommand(this.#object(name));
    const deleted = this.#retry
      .run((attempt) => this.#client.send(command, attempt))
      .catch((error) => {
        if (failureName(error) !== 'NoSuchKey') throw error;
      });
    await this.#doing(`delete blob ${name}`, deleted);
  }

  #object(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#keyPrefix + name };
  }

  async #putWhole(name: string, body: Uint8Array): Promise<boolean> {
    const input = { ...this.#object(name), ...this.#encryption, Body: body, IfNoneMatch: '*' };
    let isAbsent = true;
    try {
      await this.#retry.run(async (attempt) => {
        try {
          await this.#client.send(new PutObjectCommand(input), attempt);
        } catch (error) {
          isAbsent &&= isUnsent(error);
          throw error;
        }
      }, body.byteLength);
      return true;
    } catch (error) {
      if (statusOf(error) === 412) return false;
      throw this.#errorOf(`put blob ${name}`, error, isAbsent ? NotStoredError : StatefulFunctionsError);
    }
  }

  async #putInParts(name: string, parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<boolean> {
    const doing = `put blob ${name}`;
    const target = { ...this.#object(name), encryption: this.#encryption };
    const upload = await this.#doing(doing, MultipartUpload.begin(this.#client, this.#retry, target));
    try {
      for await (const part of parts) await this.#doing(doing, upload.add(part));
      await this.#doing(doing, upload.complete());
      return true;
    } catch (error) {
      await upload.abort();
      if (await this.#isTaken(name, error)) return false;
      throw error;
    }
  }

  /** Whether an upload could not be completed because the name is taken. */
  async #isTaken(name: string, error: unknown): Promise<boolean> {
    const { cause } = error as Error;
    if (statusOf(cause) === 412) return true;
    // An upload that is gone was completed by an attempt whose answer was lost, unless somebody aborted it.
    return failureName(cause) === 'NoSuchUpload' && (await this.get(name, { offset: 0, length: 0 })) !== undefined;
  }

  async #read(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    try {
      return await this.#retry.run((attempt) => this.#readOnce(name, range, attempt));
    } catch (error) {
      if (failureName(error) === 'NoSuchKey') return undefined;
      // The object is there, and the range begins at its end or behind.
      if (range !== undefined && statusOf(error) === 416) return new Uint8Array(0);
      throw error;
    }
  }

  async #readOnce(name: string, range: ByteRange | undefined, attempt: AttemptOptions): Promise<Uint8Array> {
    const Range = range === undefined ? undefined : headerOf(range);
    const answer = await this.#client.send(new GetObjectCommand({ ...this.#object(name), Range }), attempt);
    const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array(0);
    if (answer.ContentLength !== undefined && bytes.byteLength !== answer.ContentLength) {
      throw new IncompleteAnswer(`${bytes.byteLength} bytes came of ${answer.ContentLength}`);
    }
    // A service may ignore a range and send everything.
    if (range === undefined || answer.ContentRange !== undefined) return bytes;
    return bytes.subarray(range.offset, range.offset + range.length);
  }

  async #doing<T>(doing: string, request: Promise<T>): Promise<T> {
    try {
      return await request;
    } catch (error) {
      throw this.#errorOf(doing, error, StatefulFunctionsError);
    }
  }

  #errorOf(doing: string, error: unknown, Kind: typeof StatefulFunctionsError): StatefulFunctionsError {
    return s3Error(`${doing} in ${this.#bucket}/${this.#keyPrefix}`, this.#bucket, error, Kind);
  }
}

function headerOf({ offset, length }: ByteRange): string {
  return `bytes=${offset}-${Math.min(offset + length - 1, Number.MAX_SAFE_INTEGER)}`;
}

async function* following<T>(first: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield* first;
  yield* rest;
}
