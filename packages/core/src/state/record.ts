import { decode, encode } from '../codec/codec.js';
import { isPrimitive } from '../codec/data-model.js';
import { invariant, StatefulFunctionsError } from '../sdk/errors.js';
import { unset } from '../sdk/persisted-value.js';
import type { ByteBuffer } from './byte-buffer.js';
import { packPrimitives } from './primitive-packer.js';
import type { Shape, ShapeTable } from './shape.js';

/**
 * A value as it is committed: a primitive as itself, anything else as the bytes it was encoded to when its invocation
 * committed (comparing with them finds in-place writes), or `unset`.
 */
export type Stored = unknown;

/** One field of a record. Maps and lists keep their entries elsewhere, under the generation named here. */
export interface StoredField {
  value?: Stored;
  /** When it was last written, application time; 0 for never. */
  stampMs?: number;
  /** Eight bytes; `undefined` while the collection was never written. */
  generation?: Uint8Array | undefined;
  length?: number;
}

/**
 * Encodes the record of an address: the number of its shape, then each field.
 *
 * A `Uint8Array` in it always stands for an encoded value, since plain binary values are encoded too; an empty array stands
 * for `unset`.
 */
export function encodeRecord(shapeNumber: number, shape: Shape, fields: readonly StoredField[]): Uint8Array {
  const record: unknown[] = [shapeNumber];
  for (let index = 0; index < shape.fields.length; index += 1) {
    const { kind, ttl } = shape.fields[index] as Shape['fields'][number];
    const field = fields[index] as StoredField;
    if (kind === 'map' || kind === 'list') record.push(field.generation ?? 0);
    else record.push(field.value === unset ? [] : field.value);
    if (kind === 'list') record.push(field.length);
    if (ttl && kind !== 'map') record.push(field.stampMs);
  }
  return encode(record);
}

/** As `encodeRecord`, behind what `into` holds, for a shape of plain fields without a time to live: their values are all there is. */
export function appendPlainRecord(
  into: ByteBuffer,
  shapeNumber: number,
  shape: Shape,
  committed: readonly Stored[],
): void {
  if (packPrimitives(into, shapeNumber, committed)) return;
  const fields = committed.map((value) => ({ value }));
  const record = encodeRecord(shapeNumber, shape, fields);
  into.reserve(record.length);
  into.bytes.set(record, into.length);
  into.length += record.length;
}

/** The shape of a record and its fields in the shape's order. */
export function decodeRecord(
  bytes: Uint8Array,
  type: string,
  shapes: ShapeTable,
): { shape: Shape; fields: StoredField[] } {
  const record = decode(bytes);
  invariant(Array.isArray(record), 'a state record is not a list');
  const shape = shapes.find(type, record[0]);
  if (shape === undefined) {
    throw new StatefulFunctionsError(
      'SF_DAMAGED',
      `a state record of ${type} names shape ${record[0]}, which its manifest does not list.`,
    );
  }
  let at = 1;
  const fields = shape.fields.map(({ kind, ttl }) => {
    const field: StoredField = {};
    const value = record[at++];
    if (kind === 'map' || kind === 'list') field.generation = value === 0 ? undefined : value;
    else field.value = Array.isArray(value) ? unset : value;
    if (kind === 'list') field.length = record[at++];
    if (ttl && kind !== 'map') field.stampMs = record[at++];
    return field;
  });
  return { shape, fields };
}

/** A value in its committed form. @throws SF_UNSUPPORTED_VALUE */
export function toStored(value: unknown): Stored {
  return value === unset || isPrimitive(value) ? value : encode(value);
}

/** The live value of a committed one: a new object each time. */
export function fromStored(stored: Stored): unknown {
  return stored instanceof Uint8Array ? decode(stored) : stored;
}

/** Whether two committed values are the same value. */
export function sameStored(a: Stored, b: Stored): boolean {
  if (Object.is(a, b)) return true;
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
}
