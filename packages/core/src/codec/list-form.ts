import { invariant } from '../sdk/errors.js';
import { encode } from './codec.js';

const most = 14;

/**
 * As `encode({ ...fields, [name]: list })`, for a list whose elements are encoded already.
 *
 * @param fields a few, none of them called `name`.
 * @param elements the encoded elements, one behind the other.
 * @throws SF_UNSUPPORTED_VALUE
 */
export function encodeWithList(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  count: number,
  elements: Uint8Array,
): Uint8Array {
  // An object begins with how many fields it has, and an array with how many elements: what follows is theirs as it is.
  const head = encode(fields);
  const size = (head[0] as number) - 0x80;
  invariant(size >= 0 && size <= most && !Object.hasOwn(fields, name), 'a list is added to an object of few fields');
  const key = encode(name);
  const bytes = new Uint8Array(head.length + key.length + 5 + elements.length);
  bytes[0] = 0x80 + size + 1;
  bytes.set(head.subarray(1), 1);
  bytes.set(key, head.length);
  const at = head.length + key.length;
  bytes[at] = 0xdd;
  new DataView(bytes.buffer).setUint32(at + 1, count);
  bytes.set(elements, at + 5);
  return bytes;
}
