import { decode, encode } from '../codec/codec.js';
import type { CommittedCheckpoint, Directive, EpochPlan } from './directive.js';
import type { Report } from './report.js';

/** The first byte of a frame, which tells it from those of channels. */
const directiveMark = 0xd0;
const reportMark = 0xd1;

/** What coordinator and participants say to each other, as it travels. */
export type ControlMessage =
  | { readonly kind: 'directive'; readonly directive: Directive }
  | { readonly kind: 'report'; readonly report: Report };

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

/**
 * Reads a frame of the control plane; `undefined` if it is none. Plan and committed checkpoint of a directive may be the same
 * objects as those of one before.
 *
 * @throws SF_DAMAGED
 */
export function readControlFrame(frame: Uint8Array): ControlMessage | undefined {
  const [mark] = frame;
  if (mark === directiveMark) return { kind: 'directive', directive: directiveOf(decode(frame.subarray(1))) };
  if (mark === reportMark) return { kind: 'report', report: decode(frame.subarray(1)) as Report };
  return undefined;
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
