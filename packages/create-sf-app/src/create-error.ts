import type { ErrorCode } from '@stateful-functions/core';

/**
 * What went wrong, with a stable code, and how to mend it.
 *
 * Looks like an error of `@stateful-functions/core` and has a code of the same list, but this package is to be small to download,
 * and needs nothing else of it.
 */
export class CreateError extends Error {
  override readonly name = 'CreateError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(`${code}: ${message}`, options);
  }
}
