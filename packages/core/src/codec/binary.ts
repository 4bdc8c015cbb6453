/**
 * The kinds of binary values besides Uint8Array, by the number that stands for each in stored bytes: append only.
 *
 * Elements are stored in the machine's byte order, which is little endian wherever Node.js has releases but on s390x.
 */
const kinds = [
  ArrayBuffer,
  DataView,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

export type Binary = InstanceType<(typeof kinds)[number]>;

type ViewConstructor = new (buffer: ArrayBuffer) => Exclude<Binary, ArrayBuffer>;

const kindByPrototype = new Map<object, number>(kinds.map((kind, index) => [kind.prototype, index]));

/** The number of a binary value's kind; `undefined` for a prototype of anything else, Uint8Array included. */
export function binaryKindOf(prototype: object): number | undefined {
  return kindByPrototype.get(prototype);
}

/** The bytes of a binary value: a view. @throws TypeError if its buffer is detached. */
export function bytesOf(value: Binary): Uint8Array {
  return value instanceof ArrayBuffer
    ? new Uint8Array(value)
    : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** A binary value of a kind with a copy of these bytes. @throws RangeError if they are not whole elements. */
export function binaryFrom(kind: number, bytes: Uint8Array): Binary {
  const type = kinds[kind];
  if (type === undefined) throw new RangeError(`no binary kind ${kind}`);
  const { buffer } = new Uint8Array(bytes);
  return type === ArrayBuffer ? buffer : new (type as ViewConstructor)(buffer);
}
