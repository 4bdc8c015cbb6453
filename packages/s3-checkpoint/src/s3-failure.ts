import { type ErrorCode, StatefulFunctionsError } from '@stateful-functions/core';

/** What the service or the SDK says of a failure; any of it may be missing. */
interface Failure {
  readonly name?: string;
  readonly message?: string;
  /** The host's, such as ECONNRESET. */
  readonly code?: unknown;
  /** The bucket's, where the service says it. */
  readonly Region?: string;
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Answers of which a later one may differ; 409 is a condition that could not be decided while another request ran. */
const passingStatus = new Set([408, 409, 429]);
/** The service says 400 or 403, and means that the connection was slow, or the clock wrong, which the SDK corrects. */
const passingNames = new Set(['TimeoutError', 'RequestTimeout', 'RequestTimeTooSkewed', 'IncompleteBody']);
const refusedNames = new Set([
  ...[
    'AccessDenied',
    'InvalidAccessKeyId',
    'SignatureDoesNotMatch',
    'ExpiredToken',
    'InvalidToken',
    'TokenRefreshRequired',
  ],
  ...['CredentialsProviderError', 'Forbidden', 'AllAccessDisabled', 'AccountProblem'],
]);
const regionNames = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);

/** A body that ended early or does not match its checksum: reading it again may do better. */
export class IncompleteAnswer extends Error {
  override readonly name: string = 'IncompleteAnswer';
}

/** The service's name for a failure, such as `NoSuchKey`. */
export function failureName(error: unknown): string {
  return (error as Failure | undefined)?.name ?? '';
}

export function statusOf(error: unknown): number | undefined {
  return (error as Failure | undefined)?.$metadata?.httpStatusCode;
}

/** Whether the same request may succeed when it is tried again. */
export function mayPass(error: unknown): boolean {
  if (error instanceof IncompleteAnswer || isNetworkFailure(error) || isChecksumMismatch(error)) return true;
  const status = statusOf(error);
  return passingNames.has(failureName(error)) || (status !== undefined && (status >= 500 || passingStatus.has(status)));
}

/** Whether no connection came about, so that nothing of the request can have reached the service. */
export function isUnsent(error: unknown): boolean {
  const { syscall } = error as { readonly syscall?: unknown };
  return syscall === 'connect' || syscall === 'getaddrinfo';
}

/**
 * What a failed request means to whoever runs the application, and what to do about it.
 *
 * @param Kind `NotStoredError` if whatever was to be stored cannot be there.
 */
export function s3Error(
  doing: string,
  bucket: string,
  error: unknown,
  Kind = StatefulFunctionsError,
): StatefulFunctionsError {
  if (error instanceof StatefulFunctionsError) return error;
  const [code, fix] = meaningOf(error, bucket);
  const { name, message } = error as Failure;
  const status = statusOf(error);
  const said = [name, status, message === 'UnknownError' ? undefined : message].filter((part) => part !== undefined);
  return new Kind(code, `Could not ${doing} (${said.join(' ')}). ${fix}`, { cause: error });
}

function meaningOf(error: unknown, bucket: string): [ErrorCode, string] {
  const name = failureName(error);
  const status = statusOf(error);
  if (name === 'NoSuchBucket') {
    return ['SF_NO_BUCKET', `There is no bucket ${bucket}: make it, or correct its name or the endpoint.`];
  }
  if (regionNames.has(name) || status === 301) {
    const { Region, $response } = error as Failure;
    const region = Region ?? $response?.headers?.['x-amz-bucket-region'];
    return ['SF_WRONG_REGION', `Bucket ${bucket} is in another region: set \`region\` to ${region ?? 'that'}.`];
  }
  if ((error as Failure).message === 'Region is missing') {
    return ['SF_WRONG_REGION', 'Set `region`, or AWS_REGION in the environment.'];
  }
  if (refusedNames.has(name) || status === 401 || status === 403) {
    return [
      'SF_STORAGE_ACCESS',
      `Check the keys, and that they allow s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload and ` +
        `s3:ListBucket on ${bucket}.`,
    ];
  }
  if (isChecksumMismatch(error))
    return ['SF_DAMAGED', 'The bytes do not match the checksum that the service keeps of them.'];
  if (isNetworkFailure(error)) {
    return ['SF_UNREACHABLE', 'Check the endpoint, the network, and that the service runs. Nothing committed is lost.'];
  }
  return ['SF_STORAGE', 'Nothing committed is lost; if it does not pass, look at the service.'];
}

function isNetworkFailure(error: unknown): boolean {
  const { code, name } = error as Failure;
  if (name === 'TimeoutError') return true;
  return typeof code === 'string' && /^(E[A-Z]+|EAI_AGAIN|ERR_STREAM_PREMATURE_CLOSE)$/.test(code);
}

/** The SDK has no class for it. */
function isChecksumMismatch(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Checksum mismatch');
}
