import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Packr } from 'msgpackr';
import { connect, type NatsConnection } from 'nats';
import { nextAt, ringId, ringIds, ringText } from './ring.js';
import { freshName, type Site } from './site.js';
import type { Decoded, WireEnd } from './wire-end.js';

export interface WireRun {
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

const frameBytes = 64 * 1024;
/** Frames that may be on their way: enough to keep everybody busy, and few enough for the server not to drop any. */
const window = 64;

/**
 * What the wire allows at most: a second process decodes messages like those of the ring that this one encodes, in frames of
 * 64 KiB by a nats-server, and nothing else happens. Messages a second.
 */
export async function runWire(site: Site, { warmUpMs, measuredMs }: WireRun): Promise<number> {
  const subject = freshName();
  const end: WireEnd = { servers: site.nats, subject };
  const child = fork(new URL('./wire-end.js', import.meta.url), [JSON.stringify(end)]);
  const connection = await connect({ servers: site.nats });
  try {
    await once(child, 'message');
    const sender = new Sender(connection, subject);
    await sender.sendFor(warmUpMs);
    const [startMs, before] = [performance.now(), sender.acknowledged];
    await sender.sendFor(measuredMs);
    const [elapsedMs, after] = [performance.now() - startMs, sender.acknowledged];
    await sender.whenAllAcknowledged();
    const answer = once(child, 'message');
    child.send('decoded');
    const [decoded] = (await answer) as [Decoded];
    if (decoded.messages !== sender.sent || decoded.hops !== sender.hops) {
      throw new Error(`${decoded.messages} messages of ${sender.sent} arrived, with ${decoded.hops} hops`);
    }
    return ((after - before) * 1_000) / elapsedMs;
  } finally {
    await connection.close();
    child.disconnect();
  }
}

/** All that a message of the ring is when it crosses: to whom, from whom, which one, and what. */
function messagesOf(hops: number, count: number): object[] {
  return Array.from({ length: count }, (_, number) => {
    const at = number % ringIds;
    const target = { type: 'bench/ring-over-nodes', id: ringId(nextAt({ at, hops })) };
    const caller = { type: 'bench/ring-over-nodes', id: ringId(at) };
    const message = { at, hops, from: 0, text: ringText };
    return { target, caller, id: 'f'.repeat(16), operation: 'hop', message };
  });
}

class Sender {
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #packr = new Packr();
  readonly #messages: object[];
  #frames = 0;
  #acknowledgedFrames = 0;
  #wake: () => void = () => {};

  constructor(connection: NatsConnection, subject: string) {
    this.#connection = connection;
    this.#subject = subject;
    const sample = 1_000;
    const bytes = this.#packr.pack(messagesOf(1, sample)).length / sample;
    this.#messages = messagesOf(1, Math.floor(frameBytes / bytes));
    connection.subscribe(`${subject}.acknowledged`, {
      callback: () => {
        this.#acknowledgedFrames += 1;
        this.#wake();
      },
    });
  }

  get sent(): number {
    return this.#frames * this.#messages.length;
  }

  get hops(): number {
    return this.sent;
  }

  get acknowledged(): number {
    return this.#acknowledgedFrames * this.#messages.length;
  }

  async sendFor(ms: number): Promise<void> {
    const untilMs = performance.now() + ms;
    while (performance.now() < untilMs) {
      if (this.#frames - this.#acknowledgedFrames < window) {
        this.#connection.publish(this.#subject, this.#packr.pack(this.#messages));
        this.#frames += 1;
        if (this.#frames % 8 === 0) await new Promise(setImmediate);
      } else await this.#acknowledgement();
    }
  }

  async whenAllAcknowledged(): Promise<void> {
    while (this.#acknowledgedFrames < this.#frames) await this.#acknowledgement();
  }

  #acknowledgement(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
