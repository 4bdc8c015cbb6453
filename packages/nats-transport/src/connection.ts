import { createConnection } from 'node:net';
import { asError, type ErrorCode, type Logger, StatefulFunctionsError } from '@stateful-functions/core';
import { connect, type NatsConnection, NatsError, type Status } from 'nats';
import { connectionOptions, inboxPrefix, loggerOf, type NatsOptions } from './options.js';

/**
 * One connection to the servers, which is made again for ever once it was made.
 *
 * What is published while there is none is for the caller to drop: the client would keep it without bound.
 */
export class Connection {
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  /** What the subjects for answers begin with. */
  readonly inboxPrefix: string;
  #isConnected = true;

  private constructor(
    readonly nats: NatsConnection,
    options: NatsOptions,
  ) {
    this.#logger = loggerOf(options);
    this.inboxPrefix = inboxPrefix(options);
    void this.#watch();
    void nats.closed().then(() => this.#changed(false));
  }

  /** @throws SF_INVALID_OPTION, SF_CREDENTIALS, SF_UNREACHABLE, SF_UNAUTHORIZED, SF_TLS */
  static async open(options: NatsOptions): Promise<Connection> {
    const settings = connectionOptions(options);
    try {
      return new Connection(await connect(settings), options);
    } catch (cause) {
      throw await explained(cause, settings.servers as string[]);
    }
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  get isClosed(): boolean {
    return this.nats.isClosed();
  }

  /** Calls `listener` whenever the connection is lost, there again, or closed. */
  onChange(listener: () => void): { close(): void } {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  /** Resolves when there is a connection, or it is closed for good. */
  async whenConnected(): Promise<void> {
    while (!this.#isConnected && !this.isClosed) {
      await new Promise<void>((resolve) => {
        const listening = this.onChange(() => {
          listening.close();
          resolve();
        });
      });
    }
  }

  async close(): Promise<void> {
    await this.nats.close();
  }

  async #watch(): Promise<void> {
    for await (const status of this.nats.status()) this.#observe(status);
  }

  #observe({ type, data, permissionContext }: Status): void {
    if (type === 'disconnect') {
      this.#logger.warn({ server: data }, 'disconnected from NATS');
      this.#changed(false);
    } else if (type === 'reconnect') {
      this.#logger.info({ server: data }, 'connected to NATS again');
      this.#changed(true);
    } else if (type === 'error' && permissionContext !== undefined) {
      // The only place where a publish that was denied shows.
      const { operation, subject } = permissionContext;
      const code = 'SF_FORBIDDEN' satisfies ErrorCode;
      this.#logger.error({ code, operation, subject }, 'NATS does not permit an operation');
    } else if (type === 'error') {
      this.#logger.error({ error: data }, 'NATS reports an error');
    } else if (type === 'ldm') {
      this.#logger.warn({ server: data }, 'the NATS server is about to stop');
    }
  }

  #changed(isConnected: boolean): void {
    this.#isConnected = isConnected;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** What a server says before anybody has said who he is. */
interface ServerInfo {
  readonly tls_required?: boolean;
  readonly tls_verify?: boolean;
}

const refusals = ['AUTHORIZATION_VIOLATION', 'BAD_AUTHENTICATION', 'ACCOUNT_EXPIRED'];

async function explained(cause: unknown, servers: readonly string[]): Promise<StatefulFunctionsError> {
  const error = asError(cause);
  const code = String((cause as { code?: unknown } | undefined)?.code);
  const where = servers.join(', ');
  const failed = (as: ErrorCode, what: string) =>
    new StatefulFunctionsError(as, `${what} (${where}: ${error.message})`, { cause });
  if (refusals.includes(code) || code.startsWith('AUTHENTICATION_')) {
    return failed('SF_UNAUTHORIZED', 'NATS refused the credentials. Check them, and that the server knows them.');
  }
  if (isTlsError(error, code)) {
    return failed(
      'SF_TLS',
      'No secure connection to NATS. Check tls: the ca, the cert and key, and that the server has TLS.',
    );
  }
  // A server that wants a certificate says so too late for the client to know why nothing more comes.
  const infos = await Promise.all(servers.map(infoOf));
  if (code !== 'CONNECTION_REFUSED' && infos.some((info) => info?.tls_required || info?.tls_verify)) {
    return failed('SF_TLS', 'NATS ended the secure connection. If it wants a certificate, give it tls: { cert, key }.');
  }
  return failed('SF_UNREACHABLE', 'No NATS server answers. Start one, or mend servers.');
}

function isTlsError(error: Error, code: string): boolean {
  if (code === 'TLS' || (code === 'SERVER_OPT_NA' && error.message.includes('tls'))) return true;
  return /^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/.test(code);
}

const infoTimeoutMs = 1_000;

function infoOf(server: string): Promise<ServerInfo | undefined> {
  const { hostname, port } = new URL(server.includes('://') ? server : `nats://${server}`);
  return new Promise((resolve) => {
    const socket = createConnection(Number(port || 4222), hostname);
    const end = (info?: ServerInfo) => {
      socket.destroy();
      resolve(info);
    };
    socket.setTimeout(infoTimeoutMs, end);
    socket.on('error', () => end());
    socket.on('close', () => end());
    socket.once('data', (line) => {
      try {
        end(JSON.parse(line.toString().slice('INFO '.length)) as ServerInfo);
      } catch {
        end();
      }
    });
  });
}

/** Whether an error of the client has a code. */
export function isNatsError(error: unknown, ...codes: string[]): error is NatsError {
  return error instanceof NatsError && codes.includes(error.code);
}
