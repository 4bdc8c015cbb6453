import { StatefulFunctionsError } from '../sdk/errors.js';

const maxLength = 512;
/** Segments are file names to some stores, and 255 bytes is what file systems take. */
const wellFormed = /^[A-Za-z0-9._-]{1,255}(\/[A-Za-z0-9._-]{1,255})*$/;
const wellFormedPrefix = /^([A-Za-z0-9._-]+\/)*[A-Za-z0-9._-]*$/;
const dots = /(^|\/)\.\.?(\/|$)/;
const dotsInside = /(^|\/)\.\.?\//;

/**
 * Refuses names that some store could not hold, or that would lead out of a store's folder.
 *
 * @throws SF_INVALID_NAME
 */
export function checkBlobName(name: string): void {
  if (name.length <= maxLength && wellFormed.test(name) && !dots.test(name)) return;
  throw new StatefulFunctionsError(
    'SF_INVALID_NAME',
    `${quote(name)} cannot name a blob: use 1 to ${maxLength} characters, segments of at most 255 of ` +
      `A-Z a-z 0-9 . _ - joined by single slashes, none of them "." or "..".`,
  );
}

/**
 * Refuses what cannot begin any blob's name. The last segment may be cut off anywhere, so `log/.` is fine and `../` is not.
 *
 * @throws SF_INVALID_NAME
 */
export function checkBlobPrefix(prefix: string): void {
  if (prefix.length <= maxLength && wellFormedPrefix.test(prefix) && !dotsInside.test(prefix)) return;
  throw new StatefulFunctionsError(
    'SF_INVALID_NAME',
    `No blob name begins with ${quote(prefix)}: pass the beginning of a name, or '' for all.`,
  );
}

function quote(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
