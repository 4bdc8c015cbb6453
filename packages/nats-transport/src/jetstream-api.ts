import { asError, type ErrorCode, StatefulFunctionsError } from '@stateful-functions/core';
import { headers as natsHeaders } from 'nats';
import { type Connection, isNatsError } from './connection.js';

/** An answer of JetStream that says no, for good. */
export class JetStreamRefusal extends StatefulFunctionsError {
  constructor(
    /** JetStream's own number of what is wrong. */
    readonly number: number,
    description: string,
  ) {
    super('SF_UNSUPPORTED_SERVER', `JetStream refuses it (${number}): ${description}.`);
  }
}

export const refusals = {
  consumerNotFound: [10_014],
  noMessage: [10_037],
  streamNotFound: [10_059],
  wrongLastSequence: [10_071, 10_164],
} as const;

/** Whether it may be otherwise in a moment, as when a server restarts. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof StatefulFunctionsError) || error instanceof JetStreamRefusal) return false;
  return error.code === 'SF_UNREACHABLE' || error.code === 'SF_UNSUPPORTED_SERVER';
}

export function isRefusal(error: unknown, ...kinds: (keyof typeof refusals)[]): error is JetStreamRefusal {
  return (
    error instanceof JetStreamRefusal &&
    kinds.some((kind) => (refusals[kind] as readonly number[]).includes(error.number))
  );
}

/** What to throw where a stream that users make is not there; every other error as it is. */
export function withoutStream(code: 'SF_SOURCE' | 'SF_SINK', stream: string, error: unknown): unknown {
  if (!isRefusal(error, 'streamNotFound')) return error;
  const message = `there is no stream ${stream}. Make it before the application starts.`;
  return new StatefulFunctionsError(code, message, { cause: error });
}

/** As far as it is looked at. Times are RFC 3339 with nanoseconds. */
export interface StreamInfo {
  readonly created: string;
  readonly config: {
    readonly name: string;
    readonly subjects?: readonly string[];
    readonly retention: 'limits' | 'interest' | 'workqueue';
    readonly max_age: number;
    readonly max_msgs_per_subject: number;
    readonly num_replicas: number;
    readonly duplicate_window: number;
  };
  readonly state: {
    readonly first_seq: number;
    readonly last_seq: number;
    /** When asked for: how many messages each subject has. */
    readonly subjects?: Readonly<Record<string, number>>;
  };
}

export interface StoredMessage {
  readonly sequence: number;
  readonly time: string;
  readonly headers: string;
  readonly data: Uint8Array;
}

const requestTimeoutMs = 5_000;

/** The requests to JetStream that are needed here, each answered by the leader of its stream. */
export class JetStreamApi {
  constructor(readonly connection: Connection) {}

  /** @throws JetStreamRefusal, SF_UNREACHABLE, SF_FORBIDDEN, SF_UNSUPPORTED_SERVER, SF_FRAME_TOO_LARGE */
  async request<R>(subject: string, body?: object): Promise<R> {
    return this.#exchange<R>(`$JS.API.${subject}`, body === undefined ? '' : JSON.stringify(body));
  }

  /** Appends a message to the stream that has its subject; resolves with its sequence. @throws like `request` */
  async publish(subject: string, data: Uint8Array, headers: Readonly<Record<string, string>>): Promise<number> {
    return (await this.#exchange<{ seq: number }>(subject, data, headers)).seq;
  }

  streamInfo(stream: string, subjectsFilter?: string): Promise<StreamInfo> {
    const body = subjectsFilter === undefined ? undefined : { subjects_filter: subjectsFilter };
    return this.request<StreamInfo>(`STREAM.INFO.${stream}`, body);
  }

  /** A message by its sequence, or the last one of a subject; `undefined` if there is none. */
  async message(stream: string, by: { seq: number } | { last_by_subj: string }): Promise<StoredMessage | undefined> {
    try {
      const { message } = await this.request<{ message: RawMessage }>(`STREAM.MSG.GET.${stream}`, by);
      const { seq, time, hdrs = '', data = '' } = message;
      return { sequence: seq, time, headers: fromBase64(hdrs).toString(), data: Uint8Array.from(fromBase64(data)) };
    } catch (error) {
      if (isRefusal(error, 'noMessage')) return undefined;
      throw error;
    }
  }

  async #exchange<R>(
    subject: string,
    data: Uint8Array | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<R> {
    const { connection } = this;
    if (!connection.isConnected)
      throw failed('SF_UNREACHABLE', 'there is no connection to NATS at the moment', undefined);
    const answer = await connection.nats
      .request(subject, data, { timeout: requestTimeoutMs, headers: encoded(headers) })
      .catch((error: unknown) => {
        throw explained(subject, error);
      });
    const reply = answer.json<R & { error?: { code: number; err_code: number; description: string } }>();
    if (reply.error === undefined) return reply;
    const { code, err_code, description } = reply.error;
    const refusal = new JetStreamRefusal(err_code, description);
    throw code === 503 ? notEnabled(refusal) : refusal;
  }
}

interface RawMessage {
  readonly seq: number;
  readonly time: string;
  readonly hdrs?: string;
  readonly data?: string;
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

function encoded(headers: Readonly<Record<string, string>>) {
  const encoding = natsHeaders();
  for (const name in headers) encoding.set(name, headers[name] as string);
  return encoding;
}

function explained(subject: string, error: unknown): StatefulFunctionsError {
  if (isNatsError(error, '503')) return notEnabled(error);
  if (isNatsError(error, 'PERMISSIONS_VIOLATION')) {
    return failed(
      'SF_FORBIDDEN',
      `NATS does not permit ${subject}, or the inbox for its answer. Allow it to this user`,
      error,
    );
  }
  if (isNatsError(error, 'MAX_PAYLOAD_EXCEEDED')) {
    return failed('SF_FRAME_TOO_LARGE', `what is for ${subject} is larger than NATS takes. Raise max_payload`, error);
  }
  return failed('SF_UNREACHABLE', `NATS does not answer to ${subject}: ${asError(error).message}`, error);
}

function notEnabled(cause: unknown): StatefulFunctionsError {
  return failed(
    'SF_UNSUPPORTED_SERVER',
    'JetStream is not enabled, or has no such stream. Enable it for the account',
    cause,
  );
}

function failed(code: ErrorCode, what: string, cause: unknown): StatefulFunctionsError {
  return new StatefulFunctionsError(code, `${what}.`, { cause });
}
