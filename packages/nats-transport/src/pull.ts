import type { Scheduled, Scheduler } from '@stateful-functions/core';
import { type Msg, type MsgHdrs, nuid, type Subscription } from 'nats';
import type { Connection } from './connection.js';

/** A message of a stream as a consumer delivers it. */
export interface PulledMessage {
  readonly subject: string;
  readonly sequence: number;
  /** How many the consumer has delivered with this one. */
  readonly delivered: number;
  /** When the stream got it: nanoseconds since 1970, in decimal digits. */
  readonly time: string;
  /** How many the consumer has left. */
  readonly pending: number;
  /** Where to acknowledge it. */
  readonly reply: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
}

export interface PullTarget {
  received(message: PulledMessage): void;
  /** The consumer is gone, or does not answer: nothing more comes. */
  lost(why: string): void;
}

/** Messages asked for at once; two such requests are under way at most. */
export const batchMessages = 2_048;
const minBatchBytes = 8 * 1024 * 1024;
const expiresMs = 10_000;
/** How often the server gives a sign while there is nothing to deliver. */
const heartbeatMs = 2_000;
const requestsUnderWay = 2;

/**
 * Asks a consumer for messages, a batch at a time, so that no more come than were asked for.
 *
 * Every request has a subscription of its own, since the server says only by its subject which one has ended. The order of arrival is
 * that of the consumer all the same: everything comes over one connection.
 */
export class Pull {
  readonly #subscriptions = new Set<Subscription>();
  readonly #request: string;
  readonly #body: string;
  #isStopped = false;
  #heard = true;
  #checking: Scheduled | undefined;

  constructor(
    readonly connection: Connection,
    readonly scheduler: Scheduler,
    stream: string,
    consumer: string,
    readonly target: PullTarget,
  ) {
    this.#request = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    this.#body = JSON.stringify({
      batch: batchMessages,
      max_bytes: batchBytes(connection),
      expires: expiresMs * 1_000_000,
      idle_heartbeat: heartbeatMs * 1_000_000,
    });
    this.#listenForSigns();
  }

  /** Asks for more, as far as that may be. */
  more(): void {
    while (!this.#isStopped && this.#subscriptions.size < requestsUnderWay && this.connection.isConnected) this.#ask();
  }

  stop(): void {
    this.#isStopped = true;
    this.#checking?.cancel();
    for (const subscription of this.#subscriptions) this.#end(subscription);
  }

  /** A server that takes over from another knows nothing of what the other was asked. */
  #listenForSigns(): void {
    this.#checking = this.scheduler.after(3 * heartbeatMs, () => {
      if (this.#subscriptions.size > 0 && !this.#heard) {
        this.#lost('the server gives no sign');
        return;
      }
      this.#heard = false;
      this.#listenForSigns();
    });
  }

  #ask(): void {
    const { nats } = this.connection;
    const inbox = `${this.connection.inboxPrefix}.${nuid.next()}`;
    let left = batchMessages;
    const subscription = nats.subscribe(inbox, {
      callback: (error, message) => {
        if (this.#isStopped) return;
        this.#heard = true;
        if (error !== null) return this.#lost(error.message);
        if (message.subject === inbox) return this.#status(subscription, message);
        left -= 1;
        if (left === 0) this.#end(subscription);
        this.target.received(pulled(message));
      },
    });
    this.#subscriptions.add(subscription);
    this.#heard = true;
    nats.publish(this.#request, this.#body, { reply: inbox });
  }

  #status(subscription: Subscription, { headers }: Msg): void {
    const { code = 0, description = '' } = headers ?? {};
    if (code === 100) return;
    this.#end(subscription);
    // It has expired, or the next message is more than is left of its bytes.
    if (code === 404 || code === 408 || /exceeds maxbytes/i.test(description)) this.more();
    else this.#lost(`${code} ${description}`);
  }

  #lost(why: string): void {
    this.stop();
    this.target.lost(why);
  }

  #end(subscription: Subscription): void {
    this.#subscriptions.delete(subscription);
    if (!subscription.isClosed()) subscription.unsubscribe();
  }
}

/** How much one request may bring. Each message fits. */
export function batchBytes(connection: Connection): number {
  return Math.max(minBatchBytes, 2 * (connection.nats.info?.max_payload ?? 0));
}

/** The address for the acknowledgement tells everything: `$JS.ACK.[domain.account.]stream.consumer.times.sequence.…` */
function pulled(message: Msg): PulledMessage {
  const reply = message.reply ?? '';
  const tokens = reply.split('.');
  const at = tokens.length === 9 ? 5 : 7;
  return {
    subject: message.subject,
    sequence: Number(tokens[at]),
    delivered: Number(tokens[at + 1]),
    time: tokens[at + 2] as string,
    pending: Number(tokens[at + 3]),
    reply,
    headers: message.headers,
    data: message.data,
  };
}
