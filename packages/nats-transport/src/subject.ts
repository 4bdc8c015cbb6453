import { invalid } from './options.js';

/**
 * Any text as one token of a subject. Different texts give different tokens, and none has a meaning for the server: whatever is
 * not a letter, a digit or a hyphen becomes `_` and four hexadecimal digits for each of its UTF-16 code units.
 */
export function subjectToken(text: string): string {
  return text.replace(/[^A-Za-z0-9-]/g, (unit) => `_${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Subjects with characters that end a line of the protocol, or a token, would be commands. */
const publishable = /^[^\s.*>\0]+(\.[^\s.*>\0]+)*$/;
const subscribable = /^([^\s.*>\0]+|\*)(\.([^\s.*>\0]+|\*))*(\.>)?$|^>$/;
const maxSubjectLength = 1_024;

/** Whether something can be published to a subject. */
export function isSubject(subject: unknown): subject is string {
  return typeof subject === 'string' && subject.length <= maxSubjectLength && publishable.test(subject);
}

/** @throws SF_INVALID_OPTION unless it is a subject, wildcards allowed. */
export function checkFilter(filter: string): void {
  if (typeof filter === 'string' && filter.length <= maxSubjectLength && subscribable.test(filter)) return;
  throw invalid(`the filter ${JSON.stringify(filter)} is no subject`, 'Use tokens joined by dots, * and a last >');
}

/** Streams and consumers are parts of subjects. @throws SF_INVALID_OPTION */
export function checkStreamName(what: string, name: string): void {
  if (typeof name === 'string' && /^[^\s.*>\\/\0]{1,255}$/.test(name)) return;
  throw invalid(`${what} is ${JSON.stringify(name)}`, 'Use 1 to 255 characters without spaces, dots, *, > and slashes');
}
