import { invariant } from '../sdk/errors.js';

/**
 * Keys of segments: bytes that sort by key group, then section, then what the section is about.
 *
 * - State: `keyGroup u16 | 1 | type | id`, the record of an address; and `… | 2 | field | generation (8 bytes) | sub` behind
 *   it, an entry of one of its maps or lists.
 * - Timers: `keyGroup u16 | 2 | due u64 | timer id (16 bytes)`.
 *
 * Numbers are big endian. Texts are UTF-8 ended by a zero byte; a zero byte inside is written as 0x00 0xff, which sorts behind
 * the end of a text that is a prefix of another and before anything that continues it, for no end is followed by 0xff.
 */
const stateSection = 1;
const timerSection = 2;
const entryMark = 2;
const generationBytes = 8;
const timerIdBytes = 16;

/** The key of an address's record. */
export function recordKey(keyGroup: number, typeName: string, id: string): Uint8Array {
  const type = terminated(typeName);
  const name = terminated(id);
  const key = Buffer.allocUnsafeSlow(3 + type.length + name.length);
  key.writeUInt16BE(keyGroup, 0);
  key[2] = stateSection;
  key.set(type, 3);
  key.set(name, 3 + type.length);
  return key;
}

/** What the keys of all entries of one map or list begin with. */
export function entryPrefix(record: Uint8Array, field: string, generation: Uint8Array): Uint8Array {
  invariant(generation.length === generationBytes, 'a generation has eight bytes');
  return Buffer.concat([record, Uint8Array.of(entryMark), terminated(field), generation]);
}

export function entryKey(prefix: Uint8Array, sub: Uint8Array): Uint8Array {
  return Buffer.concat([prefix, sub]);
}

export function timerKey(keyGroup: number, dueMs: number, timerId: string): Uint8Array {
  const key = Buffer.alloc(11 + timerIdBytes);
  writeTimerStart(key, keyGroup, dueMs);
  key.write(timerId, 11, 'hex');
  return key;
}

/** The keys of all timers of a key group due in [fromMs, toMs). */
export function timerRange(keyGroup: number, fromMs: number, toMs: number): { from: Uint8Array; to: Uint8Array } {
  const from = Buffer.alloc(11);
  const to = Buffer.alloc(11);
  writeTimerStart(from, keyGroup, fromMs);
  writeTimerStart(to, keyGroup, toMs);
  return { from, to };
}

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

/** What a key is about. */
export function parseKey(key: Uint8Array): ParsedKey {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  const keyGroup = bytes.readUInt16BE(0);
  if (bytes[2] === timerSection) {
    const dueMs = Number(bytes.readBigUInt64BE(3));
    return { kind: 'timer', keyGroup, dueMs, timerId: bytes.toString('hex', 11) };
  }
  const type = readText(bytes, 3);
  const id = readText(bytes, type.end);
  if (id.end === bytes.length) return { kind: 'record', keyGroup, type: type.text, id: id.text };
  const field = readText(bytes, id.end + 1);
  const generation = bytes.subarray(field.end, field.end + generationBytes);
  const sub = bytes.subarray(field.end + generationBytes);
  return { kind: 'entry', keyGroup, type: type.text, id: id.text, field: field.text, generation, sub };
}

/** The record that an entry of a map or list belongs to; `undefined` for keys of anything else. */
export function ownerOf(key: Uint8Array): Uint8Array | undefined {
  if (key[2] !== stateSection) return undefined;
  const end = endOfText(key, endOfText(key, 3));
  return end === key.length ? undefined : key.subarray(0, end);
}

export function isTimerKey(key: Uint8Array): boolean {
  return key[2] === timerSection;
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

function writeTimerStart(key: Buffer, keyGroup: number, dueMs: number): void {
  key.writeUInt16BE(keyGroup, 0);
  key[2] = timerSection;
  key.writeBigUInt64BE(BigInt(Math.max(0, Math.ceil(dueMs))), 3);
}

function terminated(text: string): Uint8Array {
  const bytes = Buffer.from(`${text}\0`, 'utf8');
  if (bytes.indexOf(0) === bytes.length - 1) return bytes;
  const escaped: number[] = [];
  for (const byte of bytes.subarray(0, -1)) {
    escaped.push(byte);
    if (byte === 0) escaped.push(0xff);
  }
  escaped.push(0);
  return Uint8Array.from(escaped);
}

function endOfText(key: Uint8Array, from: number): number {
  for (let at = key.indexOf(0, from); at >= 0; at = key.indexOf(0, at + 2)) if (key[at + 1] !== 0xff) return at + 1;
  invariant(false, 'a text in a key has no end');
}

function readText(key: Buffer, from: number): { text: string; end: number } {
  const end = endOfText(key, from);
  return { text: key.toString('utf8', from, end - 1).replaceAll('\0\ufffd', '\0'), end };
}
