import { Connection } from './connection.js';
import { JetStreamApi } from './jetstream-api.js';
import { NatsInbox } from './nats-inbox.js';
import { NatsMembership } from './nats-membership.js';
import { NatsTransport } from './nats-transport.js';
import { invalid, loggerOf, type NatsOptions, subjectPrefix } from './options.js';

export interface NatsClusterOptions extends NatsOptions {
  /** On how many servers of a NATS cluster the table of nodes and the inbox are kept, if made now: 1, 3 or 5. 1 by default. */
  readonly replicas?: number;
}

/**
 * What the nodes of one application need to be a cluster, over one connection: frames over core NATS, and in JetStream a table and an
 * inbox for remote clients.
 *
 * ```ts
 * const cluster = await NatsCluster.connect({ servers: 'nats.internal:4222', application: 'rides' });
 * ```
 */
export class NatsCluster implements AsyncDisposable {
  private constructor(
    readonly transport: NatsTransport,
    readonly membership: NatsMembership,
    readonly inbox: NatsInbox,
    private readonly connection: Connection,
  ) {}

  /**
   * @throws SF_INVALID_OPTION, SF_CREDENTIALS, SF_UNREACHABLE, SF_UNAUTHORIZED, SF_TLS
   * @throws SF_UNSUPPORTED_SERVER without JetStream; SF_FORBIDDEN; SF_INCOMPATIBLE
   */
  static async connect(options: NatsClusterOptions): Promise<NatsCluster> {
    const { application, replicas = 1 } = options;
    const prefix = subjectPrefix(options);
    if (![1, 3, 5].includes(replicas)) throw invalid(`replicas is ${replicas}`, 'Use 1, 3 or 5');
    const connection = await Connection.open(options);
    try {
      const membership = await NatsMembership.open(new JetStreamApi(connection), `sf_${application}`, replicas);
      const transport = new NatsTransport(connection, `${prefix}.frames`, loggerOf(options));
      const inbox = await NatsInbox.open(connection, options, replicas);
      return new NatsCluster(transport, membership, inbox, connection);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Ends the connection. Idempotent. */
  async close(): Promise<void> {
    await this.connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
