/**
 * What an array that begins with the mark stands for. The tag is its second element, and the rest as noted.
 *
 * The numbers are in stored bytes: append only.
 */
export const Tag = {
  negativeZero: 0,
  notANumber: 1,
  /** UTF-16 code units, for strings that UTF-8 does not keep. */
  text: 2,
  /** Hexadecimal digits, with a sign, for a bigint of more than 64 bits. */
  bigInt: 3,
  /** Key, value, key, value, …: a plain object whose keys a MessagePack map does not keep. */
  entries: 4,
  /** A plain object's form: the fields of an object without a prototype. */
  bare: 5,
  /** Key, value, key, value, … */
  map: 6,
  /** Value, value, … */
  set: 7,
  /** Milliseconds, or null for an invalid date. */
  date: 8,
  /** Kind, bytes. */
  binary: 9,
  /** Kind, properties that are not enumerable, those that are, the name of a serializable class or null. */
  error: 10,
  /** Type name, id. */
  address: 11,
  /** Type name, id. */
  contractAddress: 12,
  /** Timer id, due time, the form of its owner's address. */
  cancellationToken: 13,
  /** Reply target. */
  replyHandle: 14,
  /** Name, a plain object's form. */
  serializable: 15,
} as const;
