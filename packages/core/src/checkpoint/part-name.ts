import type { Platform } from '../ports/platform.js';
import { randomHex } from '../ports/random.js';

/** The folder of all blobs that manifests refer to. */
export const partPrefix = 'parts/';
/** What the name begins with of a part that is no blob, since a manifest holds it itself. */
const inlinedPrefix = 'inlined/';

const epochDigits = 16;
const form = new RegExp(`^${partPrefix}(\\d{${epochDigits}})-`);

/**
 * A new name for a blob that holds segments or messages in flight.
 *
 * It holds the epoch, so that what an earlier epoch left unfinished can be told from what this one is about to commit; the
 * incarnation, for people; and a random part, so that no attempt ever meets the blob of another.
 */
export function newPartName(platform: Platform, epoch: number, incarnation: string): string {
  return `${partPrefix}${String(epoch).padStart(epochDigits, '0')}-${incarnation}-${randomHex(platform.random, 8)}`;
}

/** The name of a part that would have been the blob `name`, had it not been small enough for manifests to hold it. */
export function inlinedName(name: string): string {
  return inlinedPrefix + name.slice(partPrefix.length);
}

/** Whether a part is in the manifest that refers to it, and not a blob. */
export function isInlined(name: string): boolean {
  return name.startsWith(inlinedPrefix);
}

/** The epoch that made a blob; `undefined` for a name that `newPartName` did not make. */
export function epochOfPart(name: string): number | undefined {
  const digits = form.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
