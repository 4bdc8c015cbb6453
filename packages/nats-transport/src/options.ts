import { readFileSync } from 'node:fs';
import { type Logger, StatefulFunctionsError, silentLogger } from '@stateful-functions/core';
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from 'nats';

/** How to reach the servers, as whom, and for which application. */
export interface NatsOptions {
  /** `host:port` of one server or several, which are tried in random order; the default port is 4222. */
  readonly servers: string | readonly string[];
  /**
   * Keeps applications apart that share a server: all subjects and buckets begin with it. 1 to 64 characters of
   * `A-Z a-z 0-9 _ -`. All processes of one application have the same.
   */
  readonly application: string;
  /** Name of this connection, for whoever watches the server. The application's by default. */
  readonly name?: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Seed of an nkey: `SU…`. */
  readonly nkeySeed?: string;
  /** Path of a file with a JWT and the seed of its nkey. It is read again at each reconnect. */
  readonly credentialsFile?: string;
  /** PEM texts. `{}` demands TLS with what Node.js trusts; a certificate and its key are for servers that ask for one. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** How long each server may take to answer a first time. 5,000 by default. */
  readonly connectTimeoutMs?: number;
  /** Is told of disconnects, reconnects, and of what the server does not permit. */
  readonly logger?: Logger;
}

/** What all subjects of an application begin with. @throws SF_INVALID_OPTION */
export function subjectPrefix({ application }: NatsOptions): string {
  if (typeof application === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(application)) return `sf.${application}`;
  throw invalid(`application is ${JSON.stringify(application)}`, 'Use 1 to 64 characters of A-Z a-z 0-9 _ -');
}

export function inboxPrefix(options: NatsOptions): string {
  return `${subjectPrefix(options)}.inbox`;
}

/** As the client wants them. @throws SF_INVALID_OPTION, SF_CREDENTIALS */
export function connectionOptions(options: NatsOptions): ConnectionOptions {
  const { name = options.application, connectTimeoutMs = 5_000, tls } = options;
  if (!(Number.isSafeInteger(connectTimeoutMs) && connectTimeoutMs > 0)) {
    throw invalid(`connectTimeoutMs is ${connectTimeoutMs}`, 'Use a whole number above 0');
  }
  const servers = serversOf(options);
  return {
    servers,
    name,
    inboxPrefix: inboxPrefix(options),
    authenticator: authenticators(options),
    ...(tls !== undefined ? { tls } : servers.some((server) => server.startsWith('tls://')) ? { tls: {} } : {}),
    timeout: connectTimeoutMs,
    maxReconnectAttempts: -1,
    // A server that restarts with other users may take the old ones again.
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 100,
    reconnectJitter: 200,
    reconnectJitterTLS: 200,
    // A connection over which nothing comes back is given up after three of these.
    pingInterval: 2_000,
    noAsyncTraces: true,
  };
}

export function loggerOf(options: NatsOptions): Logger {
  return (options.logger ?? silentLogger).child({ application: options.application });
}

function serversOf({ servers }: NatsOptions): string[] {
  const list = typeof servers === 'string' ? [servers] : [...servers];
  if (list.length === 0) throw invalid('servers is empty', 'Name at least one, as host:port');
  for (const server of list) {
    // The client would connect without them.
    if (server.includes('@')) throw invalid('a server has credentials in its address', 'Use user and password');
    if (!/^(nats:\/\/|tls:\/\/)?[^\s/]+$/.test(server)) {
      throw invalid(`the server ${JSON.stringify(server)} is no address`, 'Use host:port');
    }
  }
  return list;
}

/** Each is tried once, so that one which cannot work is found before anything is connected. */
function authenticators({ user, password, token, nkeySeed, credentialsFile }: NatsOptions): Authenticator[] {
  const given = [user, token, nkeySeed, credentialsFile].filter((each) => each !== undefined);
  if (given.length > 1) {
    throw invalid('there are several credentials', 'Use one of user, token, nkeySeed and credentialsFile');
  }
  if (user !== undefined) return [usernamePasswordAuthenticator(user, password ?? '')];
  if (token !== undefined) return [tokenAuthenticator(token)];
  if (nkeySeed !== undefined) {
    return [tried(nkeyAuthenticator(new TextEncoder().encode(nkeySeed)), 'nkeySeed is no seed of an nkey')];
  }
  if (credentialsFile === undefined) return [];
  const about = `the credentials file ${credentialsFile} cannot be used`;
  return [tried(credsAuthenticator(rereading(credentialsFile, about)), about)];
}

/** Reads a file each time, and gives what it held before while it cannot be read: the client would give up for good. */
function rereading(path: string, about: string): () => Uint8Array {
  const read = () => Uint8Array.from(readFileSync(path));
  let content: Uint8Array;
  try {
    content = read();
  } catch (cause) {
    throw badCredentials(about, cause);
  }
  return () => {
    try {
      content = read();
    } catch {
      // It is being replaced, perhaps.
    }
    return content;
  };
}

function tried(authenticator: Authenticator, about: string): Authenticator {
  try {
    authenticator('nonce');
  } catch (cause) {
    throw badCredentials(about, cause);
  }
  return authenticator;
}

function badCredentials(about: string, cause: unknown): StatefulFunctionsError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StatefulFunctionsError(
    'SF_CREDENTIALS',
    `${about}: ${why}. Get it from whoever runs the server, and make it readable.`,
    { cause },
  );
}

export function invalid(what: string, fix: string): StatefulFunctionsError {
  return new StatefulFunctionsError('SF_INVALID_OPTION', `${what}. ${fix}.`);
}
