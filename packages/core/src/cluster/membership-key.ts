import { StatefulFunctionsError } from '../sdk/errors.js';

const maxLength = 256;
/** No dots: where a table is made of subjects, an adapter may turn slashes into them. */
const wellFormed = /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/;
const wellFormedPrefix = /^([A-Za-z0-9_-]+\/)*[A-Za-z0-9_-]*$/;

/**
 * Refuses keys that some membership table could not hold.
 *
 * @throws SF_INVALID_NAME
 */
export function checkMembershipKey(key: string): void {
  if (key.length <= maxLength && wellFormed.test(key)) return;
  throw new StatefulFunctionsError(
    'SF_INVALID_NAME',
    `${quote(key)} cannot be a key of a membership table: use 1 to ${maxLength} characters, segments of A-Z a-z 0-9 _ - ` +
      'joined by single slashes.',
  );
}

/**
 * Refuses what cannot begin any key.
 *
 * @throws SF_INVALID_NAME
 */
export function checkMembershipPrefix(prefix: string): void {
  if (prefix.length <= maxLength && wellFormedPrefix.test(prefix)) return;
  throw new StatefulFunctionsError(
    'SF_INVALID_NAME',
    `No key of a membership table begins with ${quote(prefix)}: pass the beginning of a key, or '' for all.`,
  );
}

function quote(key: string): string {
  return JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}…` : key);
}
