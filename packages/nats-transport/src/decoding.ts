import type { IngressRecord } from '@stateful-functions/core';
import { asError } from '@stateful-functions/core';
import type { PulledMessage } from './pull.js';

/** What a decoder is given. */
export interface StreamMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}

/** JSON, text that must be UTF-8, the bytes as they are, or a function; one that throws makes a dead letter of the message. */
export type Decoding<T> = 'json' | 'text' | 'binary' | ((message: StreamMessage) => T);

const utf8 = new TextDecoder('utf-8', { fatal: true });
const rawCharacters = 200;

export function decoderOf<T>(decoding: Decoding<T>): (message: PulledMessage) => T {
  if (decoding === 'json') return ({ data }) => JSON.parse(utf8.decode(data));
  if (decoding === 'text') return ({ data }) => utf8.decode(data) as T;
  if (decoding === 'binary') return ({ data }) => plain(data) as T;
  return ({ subject, sequence, headers, data }) => {
    const entries = [...(headers ?? [])].map(([name, values]) => [name, values[0] ?? '']);
    return decoding({ subject, sequence, headers: Object.fromEntries(entries), data: plain(data) });
  };
}

export function malformed(stream: string, message: PulledMessage, error: unknown): MalformedPart {
  const text = Buffer.from(message.data.subarray(0, rawCharacters * 4)).toString('utf8');
  const raw = text.length > rawCharacters ? `${text.slice(0, rawCharacters).toWellFormed()}…` : text;
  return { malformed: { where: `stream ${stream}, message ${message.sequence}`, reason: asError(error).message, raw } };
}

type MalformedPart = Pick<Extract<IngressRecord<never>, { malformed: unknown }>, 'malformed'>;

/** Without the prototype of a Buffer. */
function plain(data: Uint8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
