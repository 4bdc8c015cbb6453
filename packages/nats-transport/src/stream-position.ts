import { type Logger, StatefulFunctionsError } from '@stateful-functions/core';
import type { JetStreamApi, StreamInfo } from './jetstream-api.js';

/** Behind a message of a stream, and what tells that the stream is still the one it was in. */
export interface StreamPosition {
  readonly sequence: number;
  /** When the stream got the message: nanoseconds since 1970, in decimal digits. */
  readonly time: string;
  /** When the stream was made. */
  readonly created: string;
}

/**
 * Refuses to read behind a position that is not in the stream any more.
 *
 * @param missing what to do when messages behind it were removed before they were read
 * @throws SF_SOURCE_POSITION
 */
export async function verify(
  api: JetStreamApi,
  info: StreamInfo,
  position: StreamPosition,
  missing: 'refuse' | 'skip',
  logger: Logger,
): Promise<void> {
  const { name, retention } = info.config;
  const { sequence, time, created } = position;
  const { first_seq, last_seq } = info.state;
  if (info.created !== created) throw foreign(name, `was made at ${info.created}, and that one at ${created}`);
  if (last_seq < sequence) throw foreign(name, `ends at ${last_seq}, and was read up to ${sequence}`);
  const message = first_seq <= sequence ? await api.message(name, { seq: sequence }) : undefined;
  if (message !== undefined && nanoseconds(message.time) !== time) {
    throw foreign(name, `has another message at ${sequence} than was read there`);
  }
  // Of the other streams, messages are removed because they were acknowledged.
  if (retention !== 'limits' || first_seq <= sequence + 1) return;
  const lost = `messages ${sequence + 1} to ${first_seq - 1} of the stream ${name} were removed before they were read`;
  if (missing === 'refuse') throw foreign(name, `begins at ${first_seq}: ${lost}`);
  logger.warn({ stream: name, from: sequence + 1, to: first_seq - 1 }, lost);
}

function foreign(stream: string, why: string): StatefulFunctionsError {
  return new StatefulFunctionsError(
    'SF_SOURCE_POSITION',
    `the stream ${stream} does not go on where the last checkpoint stopped to read: it ${why}. ` +
      "Restore the stream, start with an empty checkpoint store, or, if messages may be left out, use missing: 'skip'.",
  );
}

/** RFC 3339, in UTC, as nanoseconds since 1970. */
export function nanoseconds(time: string): string {
  const [, seconds = '', fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return `${Date.parse(`${seconds}Z`) / 1_000}${fraction.padEnd(9, '0')}`;
}
