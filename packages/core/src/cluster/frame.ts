import { invariant } from '../sdk/errors.js';

/**
 * The frames that channels are made of: who speaks, to whom, in which epoch, the what and its number, then a payload.
 *
 * Layout, big endian:
 * `mark u8 | format u8 | kind u8 | sender's length u8 | receiver's length u8 | sender's slot u32 | epoch f64 | number f64 |
 * sender's incarnation | receiver's incarnation | payload`. Incarnations are ASCII; the f64 are whole numbers.
 *
 * There is no checksum: a transport never changes a frame.
 */
export const frameKind = {
  /** Items in their encoding, or the end of one whose beginning was in fragments. Numbered. */
  items: 1,
  /** A piece of an encoding that is larger than a frame; the next number goes on with it. Numbered. */
  fragment: 2,
  /** A barrier. Numbered. */
  barrier: 3,
  /** Acknowledges all frames up to its number, and carries the receiver's credit. An answer. */
  acknowledgement: 4,
  /** The same, and asks for everything behind that number to be sent again. An answer. */
  request: 5,
} as const;

export type FrameKind = (typeof frameKind)[keyof typeof frameKind];

/** Whether frames of a kind go back, from the receiver of a channel to its sender. */
export function isAnswer(kind: FrameKind): boolean {
  return kind === frameKind.acknowledgement || kind === frameKind.request;
}

/** One of the two workers that a channel connects. */
export interface ChannelEnd {
  /** The worker's number within its epoch. */
  readonly slot: number;
  /** Random text that is new at each start of a process; printable ASCII, at most 255 characters. */
  readonly incarnation: string;
}

/** A channel as one of its ends sees it. */
export interface ChannelEnds {
  readonly epoch: number;
  readonly self: ChannelEnd;
  readonly peer: ChannelEnd;
}

export interface Frame {
  readonly kind: FrameKind;
  readonly epoch: number;
  readonly from: ChannelEnd;
  /** The incarnation that the frame is for. */
  readonly to: string;
  /** The frame's own number, from 1; of an answer, that of the last frame received in sequence, 0 for none. */
  readonly number: number;
  /** A view of the frame. */
  readonly payload: Uint8Array;
}

/** The first byte of every frame of a channel, by which whoever shares the transport with channels tells them apart. */
export const channelMark = 0xfc;

const format = 1;
const fixedBytes = 25;
const kinds: ReadonlySet<number> = new Set(Object.values(frameKind));

/** Makes the frames that one end of a channel sends. What they have in common is made once. */
export class FrameWriter {
  readonly #header: Uint8Array;

  constructor({ epoch, self, peer }: ChannelEnds) {
    invariant(Number.isSafeInteger(epoch), 'an epoch is a whole number');
    const from = incarnationBytes(self.incarnation);
    const to = incarnationBytes(peer.incarnation);
    const header = new Uint8Array(fixedBytes + from.length + to.length);
    header.set([channelMark, format, 0, from.length, to.length]);
    const view = new DataView(header.buffer);
    view.setUint32(5, self.slot);
    view.setFloat64(9, epoch);
    header.set(from, fixedBytes);
    header.set(to, fixedBytes + from.length);
    this.#header = header;
  }

  /** Bytes that a frame has besides its payload. */
  get headerBytes(): number {
    return this.#header.length;
  }

  /** A frame of its own memory; `payload` is copied. */
  write(kind: FrameKind, number: number, payload: Uint8Array): Uint8Array {
    const { length } = this.#header;
    const frame = new Uint8Array(length + payload.length);
    frame.set(this.#header);
    frame[2] = kind;
    new DataView(frame.buffer).setFloat64(17, number);
    frame.set(payload, length);
    return frame;
  }
}

/** Reads a frame; `undefined` if it is none of a channel, or of a format that this program does not know. */
export function readFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < fixedBytes || bytes[0] !== channelMark || bytes[1] !== format) return undefined;
  const [, , kind = 0, fromLength = 0, toLength = 0] = bytes;
  const fromEnd = fixedBytes + fromLength;
  const headerEnd = fromEnd + toLength;
  if (!kinds.has(kind) || headerEnd > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind: kind as FrameKind,
    epoch: view.getFloat64(9),
    from: { slot: view.getUint32(5), incarnation: textOf(bytes, fixedBytes, fromEnd) },
    to: textOf(bytes, fromEnd, headerEnd),
    number: view.getFloat64(17),
    payload: bytes.subarray(headerEnd),
  };
}

/**
 * Whether a frame was sent by the peer of this end, in its epoch, to this very incarnation. Any other is of a past that has
 * been undone, or of a future that has not begun here; answering it would acknowledge what this end does not have.
 */
export function isFromPeer({ epoch, from, to }: Frame, { epoch: present, self, peer }: ChannelEnds): boolean {
  return (
    epoch === present && from.slot === peer.slot && from.incarnation === peer.incarnation && to === self.incarnation
  );
}

/** The payload of an answer: how many bytes of items may be on their way. */
export function writeCredit(creditBytes: number): Uint8Array {
  const payload = new Uint8Array(8);
  new DataView(payload.buffer).setFloat64(0, creditBytes);
  return payload;
}

export function readCredit({ payload }: Frame): number {
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getFloat64(0);
}

function incarnationBytes(incarnation: string): Uint8Array {
  invariant(/^[\x20-\x7e]{1,255}$/.test(incarnation), `an incarnation is 1 to 255 printable ASCII characters`);
  return Buffer.from(incarnation, 'latin1');
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
