import { decode, encode } from '../codec/codec.js';
import type { Directive } from './directive.js';
import type { Report } from './report.js';

/** The first byte of a frame, which tells it from those of channels. */
const directiveMark = 0xd0;
const reportMark = 0xd1;

/** What coordinator and participants say to each other, as it travels. */
export type ControlMessage =
  | { readonly kind: 'directive'; readonly directive: Directive }
  | { readonly kind: 'report'; readonly report: Report };

export function encodeDirective(directive: Directive): Uint8Array {
  return marked(directiveMark, encode(directive, 'directive'));
}

export function encodeReport(report: Report): Uint8Array {
  return marked(reportMark, encode(report, 'report'));
}

/** Reads a frame of the control plane; `undefined` if it is none. @throws SF_DAMAGED */
export function readControlFrame(frame: Uint8Array): ControlMessage | undefined {
  const [mark] = frame;
  if (mark === directiveMark) return { kind: 'directive', directive: decode(frame.subarray(1)) as Directive };
  if (mark === reportMark) return { kind: 'report', report: decode(frame.subarray(1)) as Report };
  return undefined;
}

function marked(mark: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(body.length + 1);
  frame[0] = mark;
  frame.set(body, 1);
  return frame;
}
