import { StatefulFunctionsError } from '@stateful-functions/core';
import { isRefusal, type JetStreamApi, type StreamInfo } from './jetstream-api.js';

/** The settings of a stream that is an application's own, as far as they are not what a server chooses. */
export interface OwnStream {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly retention: 'limits' | 'workqueue';
  readonly num_replicas: number;
  readonly [setting: string]: unknown;
}

/**
 * A stream of the application's own: the one that is there, or one that is made now. It lies in files, and refuses what it has no
 * room for rather than drop what is old.
 *
 * @param what it is, and the command that makes it, for a user that may not
 * @throws SF_FORBIDDEN, SF_UNSUPPORTED_SERVER, SF_UNREACHABLE
 */
export async function ownStream(
  api: JetStreamApi,
  stream: OwnStream,
  what: { readonly name: string; readonly command: string },
): Promise<StreamInfo> {
  const found = await api.streamInfo(stream.name).catch((error: unknown) => {
    if (isRefusal(error, 'streamNotFound')) return undefined;
    throw error;
  });
  if (found !== undefined) return found;
  try {
    return await api.request<StreamInfo>(`STREAM.CREATE.${stream.name}`, {
      storage: 'file',
      discard: 'new',
      allow_direct: false,
      ...stream,
    });
  } catch (cause) {
    if (!(cause instanceof StatefulFunctionsError && cause.code === 'SF_FORBIDDEN')) throw cause;
    throw new StatefulFunctionsError(
      'SF_FORBIDDEN',
      `there is no ${what.name}, and NATS does not permit to make it. ` +
        `Make it: ${what.command}. Or allow $JS.API.STREAM.CREATE.${stream.name} to this user.`,
      { cause },
    );
  }
}
