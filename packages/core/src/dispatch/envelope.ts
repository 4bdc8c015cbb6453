import type { AnyAddress } from '../sdk/address.js';
import type { Headers } from '../sdk/context.js';
import type { CancellationToken, ReplyTarget } from '../sdk/reply.js';
import { Activation } from './activation.js';
import type { FunctionHost } from './function-host.js';

export const noHeaders: Headers = Object.freeze({});

/** What few messages have: made when it is first needed, to keep the many small. */
class Rare {
  attempt = 1;
  retryAtMs = 0;
  headers: Headers = noHeaders;
  reply: ReplyTarget | undefined = undefined;
  settles: CancellationToken | undefined = undefined;
  settled = false;
}

/** What becomes of a message while it is handled. */
export interface MessageProgress {
  readonly attempt: number;
  readonly retryAtMs: number;
  readonly settled: boolean;
}

/**
 * A message on its way to a function.
 *
 * Its id is 128 bits in four integers, derived from the id of the invocation that sent it and its number there. So a message
 * that is sent again after a recovery has the same id, and whatever its handler draws from it (`invocationId`, `random`) is
 * the same too. Four small integers rather than a text, because one is made for every message.
 *
 * The message itself is never handed out: a handler gets a copy, so that retries and checkpoints see it as it was sent.
 */
export class Envelope {
  idA = 0;
  idB = 0;
  idC = 0;
  idD = 0;
  private rare: Rare | undefined = undefined;

  constructor(
    readonly host: FunctionHost,
    readonly target: AnyAddress,
    readonly message: unknown,
    /** The contract's operation; `undefined` for `invoke`. */
    readonly operation: string | undefined,
    /** Who sent it: the activation, if it was one of this worker. */
    readonly origin: Activation | AnyAddress | undefined,
    headers: Headers,
    reply: ReplyTarget | undefined,
    /** The id of the target, if possible as the very text that its activation is known by: then finding it compares nothing. */
    readonly key: string = target.id,
  ) {
    if (headers !== noHeaders || reply !== undefined) {
      this.rare = new Rare();
      this.rare.headers = headers;
      this.rare.reply = reply;
    }
  }

  /**
   * The same message, further on. A cut captures what waits by reference, and it is encoded later: so a message that has been queued
   * does not change any more, and another takes its place.
   */
  proceed(progress: Partial<MessageProgress>): Envelope {
    const { host, target, message, operation, origin, headers, reply, key } = this;
    const next = new Envelope(host, target, message, operation, origin, headers, reply, key);
    next.idA = this.idA;
    next.idB = this.idB;
    next.idC = this.idC;
    next.idD = this.idD;
    const { attempt, retryAtMs, settles, settled } = this;
    Object.assign(next.rarely(), { attempt, retryAtMs, settles, settled }, progress);
    return next;
  }

  get id(): string {
    return formatId(this.idA, this.idB, this.idC, this.idD);
  }

  get caller(): AnyAddress | undefined {
    return this.origin instanceof Activation ? this.origin.address : this.origin;
  }

  get headers(): Headers {
    return this.rare === undefined ? noHeaders : this.rare.headers;
  }

  /** Who waits for an answer. */
  get reply(): ReplyTarget | undefined {
    return this.rare?.reply;
  }

  /** 1 for the first attempt to handle it. */
  get attempt(): number {
    return this.rare === undefined ? 1 : this.rare.attempt;
  }

  set attempt(attempt: number) {
    this.rarely().attempt = attempt;
  }

  /** When the next attempt is due, application time; 0 unless it waits for one. */
  get retryAtMs(): number {
    return this.rare === undefined ? 0 : this.rare.retryAtMs;
  }

  set retryAtMs(retryAtMs: number) {
    this.rarely().retryAtMs = retryAtMs;
  }

  /** For an answer: the pending timeout that stands for the ask. */
  get settles(): CancellationToken | undefined {
    return this.rare?.settles;
  }

  set settles(settles: CancellationToken | undefined) {
    this.rarely().settles = settles;
  }

  /** Whether that timeout has been taken out, so that this answer is the one to be delivered. */
  get settled(): boolean {
    return this.rare?.settled === true;
  }

  set settled(settled: boolean) {
    this.rarely().settled = settled;
  }

  private rarely(): Rare {
    this.rare ??= new Rare();
    return this.rare;
  }
}

/** Gives `child` the id of the `number`-th message of the invocation of `parent`. */
export function deriveId(child: MessageId, parent: MessageId, number: number): void {
  // Four rounds of multiply and rotate over all lanes (after MurmurHash3's x86-128 mixing): every bit of the parent and of
  // the number reaches every bit of the child.
  let a = parent.idA ^ Math.imul(number + 1, 0x239b961b);
  let b = parent.idB ^ Math.imul(number + 0x52dce729, 0x38b34ae5);
  let c = parent.idC;
  let d = parent.idD;
  a = Math.imul((a << 15) | (a >>> 17), 0xab0e9789 | 0) + b;
  b = Math.imul((b << 16) | (b >>> 16), 0x38b34ae5) + c;
  c = Math.imul((c << 17) | (c >>> 15), 0xa1e38b93 | 0) + d;
  d = Math.imul((d << 18) | (d >>> 14), 0x239b961b) + a;
  a = finish(a ^ c);
  b = finish(b ^ d);
  c = finish(c ^ b);
  d = finish(d ^ a);
  child.idA = (a + d) | 0;
  child.idB = (b + a) | 0;
  child.idC = (c + b) | 0;
  child.idD = (d + c) | 0;
}

function finish(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

export interface MessageId {
  idA: number;
  idB: number;
  idC: number;
  idD: number;
}

export function formatId(a: number, b: number, c: number, d: number): string {
  return hex(a) + hex(b) + hex(c) + hex(d);
}

/** Reads an id from 32 hexadecimal digits into `into`. */
export function parseId(text: string, into: MessageId): void {
  into.idA = Number.parseInt(text.slice(0, 8), 16) | 0;
  into.idB = Number.parseInt(text.slice(8, 16), 16) | 0;
  into.idC = Number.parseInt(text.slice(16, 24), 16) | 0;
  into.idD = Number.parseInt(text.slice(24, 32), 16) | 0;
}

/** The two hexadecimal digits of each byte. */
const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(lane: number): string {
  const at = lane >>> 0;
  return (
    (digits[at >>> 24] as string) +
    (digits[(at >>> 16) & 0xff] as string) +
    (digits[(at >>> 8) & 0xff] as string) +
    (digits[at & 0xff] as string)
  );
}
