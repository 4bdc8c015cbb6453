import { StatefulFunctionsError } from './errors.js';

/** What is wrong with a stored blob: which one, and where. */
export class BlobError extends StatefulFunctionsError {
  constructor(
    code: 'SF_DAMAGED' | 'SF_MISSING_BLOB',
    /** The blob's name in its store. */
    readonly blob: string,
    /** Where the part begins that is damaged, in bytes; 0 for a blob that is gone. */
    readonly offset: number,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(code, message, options);
  }
}
