import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Retry } from './retry.js';
import type { encryptionOf } from './s3-options.js';
import { invalid } from './s3-options.js';

const maxParts = 10_000;

/** What every request of one upload names. */
interface UploadName {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
}

/** Where an upload goes to, and how. */
export interface UploadTarget {
  readonly Bucket: string;
  readonly Key: string;
  readonly encryption: ReturnType<typeof encryptionOf>;
}

/**
 * An object that is uploaded in parts, one after the other. It is visible, whole, once `complete` resolves `true`.
 *
 * Parts of an upload that is neither completed nor aborted are invisible, and cost storage until a lifecycle rule of the bucket
 * removes them.
 */
export class MultipartUpload {
  readonly #client: S3Client;
  readonly #retry: Retry;
  readonly #upload: UploadName;
  readonly #parts: CompletedPart[] = [];

  private constructor(client: S3Client, retry: Retry, upload: UploadName) {
    this.#client = client;
    this.#retry = retry;
    this.#upload = upload;
  }

  static async begin(
    client: S3Client,
    retry: Retry,
    { Bucket, Key, encryption }: UploadTarget,
  ): Promise<MultipartUpload> {
    const command = new CreateMultipartUploadCommand({ Bucket, Key, ...encryption });
    const { UploadId } = await retry.run((options) => client.send(command, options));
    return new MultipartUpload(client, retry, { Bucket, Key, UploadId });
  }

  /** @throws SF_INVALID_OPTION when there are too many parts */
  async add(part: Uint8Array): Promise<void> {
    const PartNumber = this.#parts.length + 1;
    if (PartNumber > maxParts) {
      throw invalid(
        'multipart',
        part.byteLength,
        `A blob has more than ${maxParts} parts of that size: set it to a larger one`,
      );
    }
    const command = () => new UploadPartCommand({ ...this.#upload, PartNumber, Body: part });
    const { ETag, ChecksumCRC32 } = await this.#retry.run(
      (options) => this.#client.send(command(), options),
      part.byteLength,
    );
    this.#parts.push({ PartNumber, ETag, ChecksumCRC32 });
  }

  /** Makes the object visible if there is none; rejects with the service's 412 if there is. */
  async complete(): Promise<void> {
    const MultipartUpload = { Parts: this.#parts };
    const command = () => new CompleteMultipartUploadCommand({ ...this.#upload, MultipartUpload, IfNoneMatch: '*' });
    // The service puts the parts together before it answers.
    await this.#retry.run((options) => this.#client.send(command(), options), Number.POSITIVE_INFINITY);
  }

  /** Gives the parts up, as well as it can: what remains is invisible, and the failure that led here is what counts. */
  async abort(): Promise<void> {
    const command = () => new AbortMultipartUploadCommand(this.#upload);
    await this.#retry.run((options) => this.#client.send(command(), options)).catch(() => undefined);
  }
}
