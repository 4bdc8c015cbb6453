import type { Msg, MsgHdrs, Subscription } from 'nats';
import { nuid } from 'nats';
import type { Connection } from './connection.js';
import { JetStreamRefusal } from './jetstream-api.js';

export interface OutgoingMessage {
  readonly subject: string;
  readonly headers: MsgHdrs;
  readonly data: Uint8Array;
}

const mostMessages = 1_024;
const mostBytes = 8 * 1024 * 1024;

/**
 * Publishes messages to a stream in order, many before the first is acknowledged.
 *
 * Acknowledgements come in the order of the messages; at the first that is missing or says no, nothing more is sent.
 */
export class Publisher {
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #subscription: Subscription;
  #messages: readonly OutgoingMessage[] = [];
  #sent = 0;
  #acknowledged = 0;
  #bytes = 0;
  #sequence = 0;
  #run = 0;
  #settle: (error?: unknown) => void = () => {};

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#prefix = `${connection.inboxPrefix}.${nuid.next()}`;
    this.#subscription = connection.nats.subscribe(`${this.#prefix}.*.*`, {
      callback: (error, message) => {
        if (error === null) this.#answered(message);
        else this.#settle(error);
      },
    });
  }

  /** How many of the last `publish` are known to be in the stream. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /**
   * Resolves with the greatest sequence when all are acknowledged.
   *
   * @param stop rejects to give up waiting
   */
  async publish(messages: readonly OutgoingMessage[], stop: Promise<never>): Promise<number> {
    this.#messages = messages;
    this.#sent = this.#acknowledged = this.#bytes = this.#sequence = 0;
    this.#run += 1;
    if (messages.length === 0) return 0;
    const settled = new Promise<void>((resolve, reject) => {
      this.#settle = (error) => {
        this.#run += 1;
        if (error === undefined) resolve();
        else reject(error);
      };
    });
    this.#send();
    await Promise.race([settled, stop]).finally(() => {
      this.#run += 1;
    });
    return this.#sequence;
  }

  close(): void {
    if (!this.#subscription.isClosed()) this.#subscription.unsubscribe();
  }

  #send(): void {
    while (this.#sent < this.#messages.length) {
      if (this.#sent - this.#acknowledged >= mostMessages || this.#bytes >= mostBytes) return;
      const { subject, headers, data } = this.#messages[this.#sent] as OutgoingMessage;
      const reply = `${this.#prefix}.${this.#run}.${this.#sent}`;
      try {
        this.#connection.nats.publish(subject, data, { headers, reply });
      } catch (error) {
        this.#settle(error);
        return;
      }
      this.#sent += 1;
      this.#bytes += data.length;
    }
  }

  #answered(message: Msg): void {
    const [run, number] = message.subject
      .slice(this.#prefix.length + 1)
      .split('.')
      .map(Number);
    if (run !== this.#run) return;
    const { headers, data } = message;
    if (data.length === 0) {
      this.#settle(new Error(`nobody takes it: ${headers?.code ?? 'no answer'}`));
      return;
    }
    const answer = message.json<{ seq: number; error?: { err_code: number; description: string } }>();
    if (answer.error !== undefined) {
      this.#settle(new JetStreamRefusal(answer.error.err_code, answer.error.description));
      return;
    }
    if (number !== this.#acknowledged) {
      this.#settle(new Error(`the acknowledgement of message ${this.#acknowledged} is missing`));
      return;
    }
    this.#bytes -= (this.#messages[number] as OutgoingMessage).data.length;
    this.#acknowledged += 1;
    this.#sequence = Math.max(this.#sequence, answer.seq);
    if (this.#acknowledged === this.#messages.length) this.#settle();
    else this.#send();
  }
}
