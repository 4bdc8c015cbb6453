import { decode, encode } from '../codec/codec.js';
import type { Reply } from '../sdk/contract.js';
import { invariant, StatefulFunctionsError } from '../sdk/errors.js';
import type { ClientReplyTarget } from '../sdk/reply.js';
import { CompactReader, CompactWriter } from '../worker/compact-value.js';
import type { Directive } from './directive.js';
import { readDirective, writeDirective } from './directive-list.js';
import type { OperationAnswer, OperationRequest } from './operation.js';
import type { Report } from './report.js';
import { readReport, writeReport } from './report-list.js';

/** The first byte of a frame, which tells it from those of channels. */
const directiveMark = 0xd0;
const reportMark = 0xd1;
const operationRequestMark = 0xd2;
const operationAnswerMark = 0xd3;
const clientReplyMark = 0xd4;

/** What coordinator, participants and operators say to each other, as it travels. */
export type ControlMessage =
  | { readonly kind: 'directive'; readonly directive: Directive }
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'operation-request'; readonly request: OperationRequest }
  | { readonly kind: 'operation-answer'; readonly answer: OperationAnswer }
  | { readonly kind: 'client-reply'; readonly reply: ClientReply };

/** A reply to a client that is outside of all nodes. */
export interface ClientReply {
  readonly target: ClientReplyTarget;
  readonly reply: Reply<unknown>;
}

/** Directives and reports go to and fro all the time, so they are written as workers write to each other. */
const writer = new CompactWriter();

export function encodeDirective(directive: Directive): Uint8Array {
  return written(directiveMark, () => writeDirective(writer, directive));
}

export function encodeReport(report: Report): Uint8Array {
  return written(reportMark, () => writeReport(writer, report));
}

export function encodeOperationRequest(request: OperationRequest): Uint8Array {
  return marked(operationRequestMark, encode(request, 'operation request'));
}

export function encodeOperationAnswer(answer: OperationAnswer): Uint8Array {
  return marked(operationAnswerMark, encode(answer, 'operation answer'));
}

export function encodeClientReply(reply: ClientReply): Uint8Array {
  return marked(clientReplyMark, encode(reply, 'reply'));
}

/**
 * Reads a frame of the control plane; `undefined` if it is none. Plan and committed checkpoint of a directive may be the same
 * objects as those of one before.
 *
 * @throws SF_DAMAGED
 */
export function readControlFrame(frame: Uint8Array): ControlMessage | undefined {
  const body = () => decode(frame.subarray(1));
  switch (frame[0]) {
    case directiveMark:
      return { kind: 'directive', directive: read(frame, readDirective) };
    case reportMark:
      return { kind: 'report', report: read(frame, readReport) };
    case operationRequestMark:
      return { kind: 'operation-request', request: body() as OperationRequest };
    case operationAnswerMark:
      return { kind: 'operation-answer', answer: body() as OperationAnswer };
    case clientReplyMark:
      return { kind: 'client-reply', reply: body() as ClientReply };
    default:
      return undefined;
  }
}

/** @throws SF_DAMAGED if the frame is not of this program. */
function read<T>(frame: Uint8Array, what: (reader: CompactReader) => T): T {
  try {
    const reader = new CompactReader(frame);
    reader.byte();
    const value = what(reader);
    invariant(reader.isAtEnd, 'a frame ends with what it holds');
    return value;
  } catch (cause) {
    const message = 'what another node sent is no directive and no report. Have all nodes run the same program.';
    throw new StatefulFunctionsError('SF_DAMAGED', message, { cause });
  }
}

function written(mark: number, write: () => void): Uint8Array {
  writer.clear();
  writer.byte(mark);
  write();
  return new Uint8Array(writer.bytes);
}

function marked(mark: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(body.length + 1);
  frame[0] = mark;
  frame.set(body, 1);
  return frame;
}
