import { asError, type Listening, type Logger, StatefulFunctionsError, type Transport } from '@stateful-functions/core';
import type { NatsError, Subscription } from 'nats';
import { type Connection, isNatsError } from './connection.js';
import { subjectToken } from './subject.js';

/** How much may be handed to the client that the server has not taken yet. What is sent beyond that is dropped. */
const maxUntakenBytes = 32 * 1024 * 1024;
/** After how much the server is asked whether it has taken it. */
const askEveryBytes = 1024 * 1024;
/** The server says at once that nobody listens; where somebody does, nothing comes. */
const desertedMs = 1_000;

/**
 * Frames over core NATS, one subject for each endpoint.
 *
 * **Details**
 * - Without a connection, and while the server is too slow to take what is sent, frames are dropped: they are made to get lost, and
 *   a queue of old ones helps nobody.
 * - A receiver that is too slow is cut off by its server, which drops what waits for it, and connects again. Nothing piles up
 *   here, since frames are handed over as they come.
 * - `maxFrameBytes` is what the first server allowed, and stays: frames that were made for it are sent again in other epochs of
 *   the connection. Should a later server allow less, larger frames are dropped and reported.
 */
export class NatsTransport implements Transport {
  readonly maxFrameBytes: number;
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #logger: Logger;
  readonly #listeners = new Map<string, (frame: Uint8Array) => void>();
  /** The subjects of endpoints that were sent to. */
  readonly #subjects = new Map<string, string>();
  #untaken = 0;
  #unasked = 0;

  /** @param prefix of all subjects */
  constructor(connection: Connection, prefix: string, logger: Logger) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#logger = logger;
    this.maxFrameBytes = connection.nats.info?.max_payload ?? 1024 * 1024;
  }

  /** @throws SF_DUPLICATE_BINDING, SF_INVALID_NAME, SF_FORBIDDEN, SF_STOPPED */
  async listen(endpoint: string, receive: (frame: Uint8Array) => void): Promise<Listening> {
    const subject = this.#subjectOf(endpoint);
    if (this.#listeners.has(endpoint)) {
      throw new StatefulFunctionsError(
        'SF_DUPLICATE_BINDING',
        `the endpoint ${JSON.stringify(endpoint)} is listened to already. Close that first, or choose another name.`,
      );
    }
    this.#listeners.set(endpoint, receive);
    const forget = () => {
      if (this.#listeners.get(endpoint) === receive) this.#listeners.delete(endpoint);
    };
    try {
      const subscription = await this.#subscribe(subject, receive);
      return {
        close: async () => {
          forget();
          if (!subscription.isClosed()) subscription.unsubscribe();
        },
      };
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** @throws SF_FRAME_TOO_LARGE, SF_INVALID_NAME */
  send(endpoint: string, frame: Uint8Array): void {
    const { length } = frame;
    if (length > this.maxFrameBytes) {
      throw new StatefulFunctionsError(
        'SF_FRAME_TOO_LARGE',
        `a frame of ${length} bytes was to be sent, and NATS takes ${this.maxFrameBytes}. Split it, or raise max_payload.`,
      );
    }
    const subject = this.#subjectOf(endpoint);
    if (!this.#connection.isConnected || this.#untaken + length > maxUntakenBytes) return;
    try {
      this.#connection.nats.publish(subject, frame);
    } catch (error) {
      // The connection was closed, or another server allows less than the first.
      this.#logger.warn({ endpoint, bytes: length, error: asError(error).message }, 'a frame was dropped');
      return;
    }
    this.#untaken += length;
    this.#unasked += length;
    if (this.#unasked >= askEveryBytes) this.#ask();
  }

  /** Nobody answers such a question but the server, if it has no subscription to the subject. */
  async isDeserted(endpoint: string): Promise<boolean> {
    const subject = this.#subjectOf(endpoint);
    if (!this.#connection.isConnected) return false;
    try {
      await this.#connection.nats.request(subject, new Uint8Array(0), { timeout: desertedMs });
      return false;
    } catch (error) {
      return isNatsError(error, '503');
    }
  }

  /** The answer comes behind all that was sent before; none comes over a connection that was lost, with all that was on it. */
  #ask(): void {
    const asked = this.#unasked;
    this.#unasked = 0;
    const taken = () => {
      this.#untaken -= asked;
    };
    this.#connection.nats.flush().then(taken, taken);
  }

  async #subscribe(subject: string, receive: (frame: Uint8Array) => void): Promise<Subscription> {
    let refused: NatsError | undefined;
    const subscription = this.#connection.nats.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) refused = error;
        else if (!message.reply) receive(message.data); // A question whether somebody listens is no frame.
      },
    });
    // The server has the subscription once it answers; one that is lost meanwhile is made again with the connection.
    while (!(await this.#answers())) {
      await this.#connection.whenConnected();
      if (this.#connection.isClosed)
        throw new StatefulFunctionsError('SF_STOPPED', 'the connection to NATS is closed.');
    }
    if (refused === undefined) return subscription;
    throw new StatefulFunctionsError(
      'SF_FORBIDDEN',
      `NATS does not permit to subscribe to ${subject}. Allow it to this user.`,
      { cause: refused },
    );
  }

  async #answers(): Promise<boolean> {
    try {
      await this.#connection.nats.flush();
      return true;
    } catch {
      return false;
    }
  }

  #subjectOf(endpoint: string): string {
    let subject = this.#subjects.get(endpoint);
    if (subject === undefined) {
      checkEndpoint(endpoint);
      subject = `${this.#prefix}.${subjectToken(endpoint)}`;
      // Incarnations come and go.
      if (this.#subjects.size >= 10_000) this.#subjects.clear();
      this.#subjects.set(endpoint, subject);
    }
    return subject;
  }
}

function checkEndpoint(endpoint: string): void {
  if (endpoint.length >= 1 && endpoint.length <= 100 && endpoint.isWellFormed()) return;
  throw new StatefulFunctionsError(
    'SF_INVALID_NAME',
    `an endpoint cannot be named ${JSON.stringify(endpoint.slice(0, 100))}: use 1 to 100 characters of well-formed text.`,
  );
}
