import { hostCode, isDiskFull } from '../ports/host-error.js';
import { StatefulFunctionsError } from '../sdk/errors.js';

/**
 * What a failed file operation means to whoever runs the application, with the host's error as its cause.
 *
 * @param Kind `NotStoredError` if whatever was to be stored cannot be there.
 */
export function storageError(doing: string, cause: unknown, Kind = StatefulFunctionsError): StatefulFunctionsError {
  if (isDiskFull(cause)) {
    const limit = hostCode(cause) === 'EDQUOT' ? 'the disk quota is used up' : 'the disk is full';
    return new Kind(
      'SF_STORAGE_FULL',
      `Could not ${doing}: ${limit}. Nothing that was committed is lost; free space and the next checkpoint goes through.`,
      { cause },
    );
  }
  return new Kind(
    'SF_STORAGE',
    `Could not ${doing}: ${cause instanceof Error ? cause.message : String(cause)}. ` +
      'Check that the folder is there, writable, and on a disk that works.',
    { cause },
  );
}

/** Waits for a file operation and says what was being done if it fails. */
export async function storing<T>(doing: string, operation: Promise<T>, Kind = StatefulFunctionsError): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw storageError(doing, error, Kind);
  }
}
