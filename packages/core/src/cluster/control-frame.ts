import { decode, encode } from '../codec/codec.js';
import type { Reply } from '../sdk/contract.js';
import type { ClientReplyTarget } from '../sdk/reply.js';
import type { CommittedCheckpoint, Directive, EpochPlan } from './directive.js';
import type { OperationAnswer, OperationRequest } from './operation.js';
import type { Report } from './report.js';

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

/** A directive on its way: what stays the same for many of them, and is most of it, is encoded and decoded once. */
type DirectiveForm = Omit<Directive, 'plan' | 'committed'> & {
  readonly plan: Uint8Array | undefined;
  readonly committed: Uint8Array | undefined;
};

const encoded = new WeakMap<object, Uint8Array>();

/** Decodes bytes once for as long as the same ones come. */
class LastDecoded<T> {
  #bytes: Uint8Array | undefined;
  #value: T | undefined;

  of(bytes: Uint8Array | undefined): T | undefined {
    if (bytes === undefined) return undefined;
    if (this.#bytes === undefined || Buffer.compare(this.#bytes, bytes) !== 0) {
      this.#value = decode(bytes) as T;
      this.#bytes = bytes;
    }
    return this.#value;
  }
}

const lastPlan = new LastDecoded<EpochPlan>();
const lastCommitted = new LastDecoded<CommittedCheckpoint>();

export function encodeDirective({ plan, committed, ...rest }: Directive): Uint8Array {
  const form: DirectiveForm = { ...rest, plan: encodeOnce(plan), committed: encodeOnce(committed) };
  return marked(directiveMark, encode(form, 'directive'));
}

export function encodeReport(report: Report): Uint8Array {
  return marked(reportMark, encode(report, 'report'));
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
      return { kind: 'directive', directive: directiveOf(body()) };
    case reportMark:
      return { kind: 'report', report: body() as Report };
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

function directiveOf(form: unknown): Directive {
  const { plan, committed, ...rest } = form as DirectiveForm;
  return { ...rest, plan: lastPlan.of(plan), committed: lastCommitted.of(committed) };
}

function encodeOnce(value: object | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const known = encoded.get(value);
  if (known !== undefined) return known;
  const bytes = encode(value, 'directive');
  encoded.set(value, bytes);
  return bytes;
}

function marked(mark: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(body.length + 1);
  frame[0] = mark;
  frame.set(body, 1);
  return frame;
}
