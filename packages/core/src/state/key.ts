import { invariant } from '../sdk/errors.js';
import { ByteBuffer } from './byte-buffer.js';

/**
 * Keys of stored entries, ordered as bytes: by key group, then section, then what the section orders by.
 *
 * ```
 * record   key group u16 | 1 | type | id
 * entry    key group u16 | 1 | type | id | field | generation (8 bytes) | sub key
 * timer    key group u16 | 2 | due (8 bytes) | timer id (16 bytes)
 * ```
 *
 * Texts are UTF-8 with `00` written as `00 ff`, and end with `00 01`. So no text's end sorts behind a longer text that begins
 * alike, and keys compare as their texts do, one after the other. A record sorts directly before its entries.
 */
export type ParsedKey =
  | { readonly kind: 'record'; readonly keyGroup: number; readonly type: string; readonly id: string }
  | {
      readonly kind: 'entry';
      readonly keyGroup: number;
      readonly type: string;
      readonly id: string;
      readonly field: string;
      readonly generation: Uint8Array;
      readonly sub: Uint8Array;
    }
  | { readonly kind: 'timer'; readonly keyGroup: number; readonly dueMs: number; readonly timerId: string };

const stateSection = 1;
const timerSection = 2;
/** Key group and section. */
const headLength = 3;
const generationLength = 8;
const timerKeyLength = headLength + 8 + 16;

/** The key of an address's record. */
export function recordKey(keyGroup: number, typeName: string, id: string): Uint8Array {
  scratch.length = 0;
  appendTypePrefix(scratch, keyGroup, typeName);
  appendRecordId(scratch, id);
  return scratch.copy();
}

/** Writes the rest of the key of an address's record behind its beginning, see `appendTypePrefix`. */
export function appendRecordId(into: ByteBuffer, id: string): void {
  appendText(into, id);
}

/** The keys of a function type's records and entries in a key group. */
export function typeRange(keyGroup: number, typeName: string): { from: Uint8Array; to: Uint8Array } {
  scratch.length = 0;
  appendTypePrefix(scratch, keyGroup, typeName);
  const from = scratch.copy();
  return { from, to: prefixEnd(from) as Uint8Array }; // There is one: a text does not end with ff.
}

/** The keys of all records and entries in a key group. */
export function stateRange(keyGroup: number): { from: Uint8Array; to: Uint8Array } {
  const from = new Uint8Array(headLength);
  writeHead(from, 0, keyGroup, stateSection);
  return { from, to: prefixEnd(from) as Uint8Array };
}

/** The keys of one address: its record's, and those of its entries. */
export function addressRange(keyGroup: number, typeName: string, id: string): { from: Uint8Array; to: Uint8Array } {
  const from = recordKey(keyGroup, typeName, id);
  return { from, to: prefixEnd(from) as Uint8Array };
}

/** What the keys of all entries of one generation of a map or list begin with. */
export function entryPrefix(record: Uint8Array, field: string, generation: Uint8Array): Uint8Array {
  invariant(generation.length === generationLength, 'a generation has eight bytes');
  scratch.length = 0;
  appendText(scratch, field);
  const prefix = new Uint8Array(record.length + scratch.length + generationLength);
  prefix.set(record);
  prefix.set(scratch.bytes.subarray(0, scratch.length), record.length);
  prefix.set(generation, record.length + scratch.length);
  return prefix;
}

/** The key of one entry of a map or list. */
export function entryKey(prefix: Uint8Array, sub: Uint8Array): Uint8Array {
  const key = new Uint8Array(prefix.length + sub.length);
  key.set(prefix);
  key.set(sub, prefix.length);
  return key;
}

/** The key of a timer; `timerId` is 32 lower-case hexadecimal digits. */
export function timerKey(keyGroup: number, dueMs: number, timerId: string): Uint8Array {
  const key = Buffer.alloc(timerKeyLength);
  writeHead(key, 0, keyGroup, timerSection);
  writeDue(key, dueMs);
  const written = key.write(timerId, headLength + 8, 'hex');
  invariant(written === 16 && timerId.length === 32, 'a timer id is 32 hexadecimal digits');
  return asPlainBytes(key);
}

/** The keys of a key group's timers that are due in [fromMs, toMs). */
export function timerRange(keyGroup: number, fromMs: number, toMs: number): { from: Uint8Array; to: Uint8Array } {
  return { from: timerBound(keyGroup, fromMs), to: timerBound(keyGroup, toMs) };
}

/** Below zero, zero or above as `a` sorts before, with or behind `b`. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let at = 0; at < prefix.length; at += 1) if (bytes[at] !== prefix[at]) return false;
  return true;
}

/** The least key behind all that begin with `prefix`; `undefined` when there is none, for a prefix of `ff` only. */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  for (let at = prefix.length - 1; at >= 0; at -= 1) {
    const byte = prefix[at] as number;
    if (byte === 0xff) continue;
    const end = prefix.slice(0, at + 1);
    end[at] = byte + 1;
    return end;
  }
  return undefined;
}

/** The key of the record that an entry belongs to; a record's own key; `undefined` for a timer. */
export function ownerOf(key: Uint8Array): Uint8Array | undefined {
  const end = recordEnd(key);
  return end === 0 ? undefined : key.subarray(0, end);
}

/** How long the record's part of a record's or entry's key is; 0 for a timer's, and for the bound of a range that has none. */
export function recordEnd(key: Uint8Array, length: number = key.length): number {
  const end = typeEnd(key, length);
  return end === 0 ? 0 : textEnd(key, end, length);
}

/** How long the part of a record's or entry's key is that ends with the type; 0 as above. */
export function typeEnd(key: Uint8Array, length: number = key.length): number {
  return key[2] === stateSection ? textEnd(key, headLength, length) : 0;
}

/**
 * How long the prefix is that a key shares with all that are read in one sweep: the timers of a key group, or the entries of
 * one generation. 0 for a record, which is only ever read by itself.
 */
export function sweepEnd(key: Uint8Array, length: number = key.length): number {
  if (key[2] === timerSection) return headLength;
  const end = recordEnd(key, length);
  const fieldEnd = end === 0 ? 0 : textEnd(key, end, length);
  return fieldEnd === 0 || fieldEnd + generationLength > length ? 0 : fieldEnd + generationLength;
}

/** The function type in a record's or entry's key whose `typeEnd` is given. */
export function typeOf(key: Uint8Array, end: number): string {
  return readText(key, headLength, end);
}

export function isTimerKey(key: Uint8Array): boolean {
  return key[2] === timerSection;
}

/** When the timer of a key is due. */
export function dueOf(key: Uint8Array): number {
  const view = new DataView(new ArrayBuffer(8));
  const negative = ((key[headLength] as number) & 0x80) === 0;
  for (let at = 0; at < 8; at += 1) {
    const byte = key[headLength + at] as number;
    view.setUint8(at, negative ? ~byte : at === 0 ? byte & 0x7f : byte);
  }
  return view.getFloat64(0);
}

/** Takes a key apart, to inspect it. */
export function parseKey(key: Uint8Array): ParsedKey {
  const keyGroup = ((key[0] as number) << 8) | (key[1] as number);
  if (isTimerKey(key)) {
    invariant(key.length === timerKeyLength, 'a key of a timer has its length');
    return {
      kind: 'timer',
      keyGroup,
      dueMs: dueOf(key),
      timerId: Buffer.from(key.subarray(headLength + 8)).toString('hex'),
    };
  }
  invariant(key[2] === stateSection, 'a key is in a known section');
  const typeStop = typeEnd(key);
  const idStop = recordEnd(key);
  invariant(idStop > 0, 'a key names a type and an id');
  const type = readText(key, headLength, typeStop);
  const id = readText(key, typeStop, idStop);
  if (idStop === key.length) return { kind: 'record', keyGroup, type, id };
  const subStart = sweepEnd(key);
  const fieldStop = subStart - generationLength;
  invariant(subStart > 0, 'a key of an entry names a field and a generation');
  const field = readText(key, idStop, fieldStop);
  const generation = key.slice(fieldStop, subStart);
  return { kind: 'entry', keyGroup, type, id, field, generation, sub: key.slice(subStart) };
}

/** Where keys are put together before their length is known. */
const scratch = new ByteBuffer();

/** Writes what the keys of a function type in a key group begin with behind what `into` holds. */
export function appendTypePrefix(into: ByteBuffer, keyGroup: number, typeName: string): void {
  into.reserve(headLength);
  writeHead(into.bytes, into.length, keyGroup, stateSection);
  into.length += headLength;
  appendText(into, typeName);
}

function writeHead(into: Uint8Array, at: number, keyGroup: number, section: number): void {
  into[at] = keyGroup >>> 8;
  into[at + 1] = keyGroup & 0xff;
  into[at + 2] = section;
}

/** Appends a text and its end. */
function appendText(into: ByteBuffer, text: string): void {
  into.reserve(text.length * 3 + 2);
  const { bytes } = into;
  let at = into.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit === 0 || unit > 0x7f) {
      appendAnyText(into, text);
      return;
    }
    bytes[at++] = unit;
  }
  bytes[at++] = 0;
  bytes[at++] = 1;
  into.length = at;
}

function appendAnyText(into: ByteBuffer, text: string): void {
  invariant(text.isWellFormed(), 'a text in a key is well-formed');
  const { bytes } = into;
  let at = into.length;
  for (const byte of new TextEncoder().encode(text)) {
    bytes[at++] = byte;
    if (byte === 0) bytes[at++] = 0xff;
  }
  bytes[at++] = 0;
  bytes[at++] = 1;
  into.length = at;
}

/** The offset behind the end of the text that starts at `start`; 0 when it has none. */
function textEnd(key: Uint8Array, start: number, length: number): number {
  for (let at = start; at + 1 < length; at += 1) {
    if (key[at] !== 0) continue;
    if (key[at + 1] === 1) return at + 2;
    at += 1; // An escaped zero.
  }
  return 0;
}

function readText(key: Uint8Array, start: number, end: number): string {
  const bytes: number[] = [];
  for (let at = start; at < end - 2; at += 1) {
    const byte = key[at] as number;
    bytes.push(byte);
    if (byte === 0) at += 1;
  }
  return Buffer.from(bytes).toString('utf8');
}

function timerBound(keyGroup: number, dueMs: number): Uint8Array {
  const bound = Buffer.alloc(headLength + 8);
  writeHead(bound, 0, keyGroup, timerSection);
  writeDue(bound, dueMs);
  return asPlainBytes(bound);
}

/** Writes a time so that bytes order as times do: a double with its sign flipped, or all of it for those below zero. */
function writeDue(key: Buffer, dueMs: number): void {
  invariant(!Number.isNaN(dueMs), 'a timer is due at a time');
  key.writeDoubleBE(dueMs + 0, headLength);
  const first = key[headLength] as number;
  if (first < 0x80) key[headLength] = first | 0x80;
  else for (let at = headLength; at < headLength + 8; at += 1) key[at] = ~(key[at] as number);
}

function asPlainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
