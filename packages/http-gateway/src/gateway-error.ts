/** Every code of the gateway itself, with its meaning; a test pins the list. What applications fail with has codes of its own. */
export const gatewayErrorCodes = {
  SF_HTTP_MALFORMED: 'The request cannot be understood.',
  SF_HTTP_MEDIA_TYPE: 'The body is of another type than JSON.',
  SF_HTTP_TOO_LARGE: 'The body, the URL or the headers are larger than allowed.',
  SF_HTTP_UNAUTHORIZED: 'The request lacks the token, or has a wrong one.',
  SF_HTTP_NO_ROUTE: 'The URL names nothing that there is.',
  SF_HTTP_METHOD: 'The operation is called by another method.',
  SF_HTTP_SLOW: 'The request did not arrive in time.',
  SF_HTTP_OVERLOADED: 'More calls are under way than the gateway takes.',
  SF_HTTP_INTERNAL: 'The gateway failed in a way that it has no name for.',
} as const;

export type GatewayErrorCode = keyof typeof gatewayErrorCodes;

/** A request that the gateway itself refuses. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  constructor(
    readonly code: GatewayErrorCode,
    /** The status of the answer. */
    readonly status: number,
    message: string,
    /** Headers of the answer, such as `allow`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
