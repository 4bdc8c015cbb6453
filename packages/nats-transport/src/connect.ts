import { nodePlatform, RemoteClient } from '@stateful-functions/core';
import { NatsCluster, type NatsClusterOptions } from './nats-cluster.js';

/**
 * Connects a client to an application that runs on nodes, from any process: by contracts alone, over NATS.
 *
 * ```ts
 * await using client = await connect({ servers: 'nats.internal:4222', application: 'rides' });
 * const status = await client.query(Driver.at('d-17')).status();
 * ```
 *
 * @throws as `NatsCluster.connect`
 */
export async function connect(options: NatsClusterOptions): Promise<RemoteClient> {
  const cluster = await NatsCluster.connect(options);
  const { transport, inbox } = cluster;
  try {
    return await RemoteClient.connect({
      platform: nodePlatform(),
      transport,
      inbox,
      disconnected: () => cluster.close(),
    });
  } catch (error) {
    await cluster.close();
    throw error;
  }
}
