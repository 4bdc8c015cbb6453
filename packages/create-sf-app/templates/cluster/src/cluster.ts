import type { StartOptions } from '@stateful-functions/core';
import { NatsCluster } from '@stateful-functions/nats-transport';
import { S3BlobStore } from '@stateful-functions/s3-checkpoint';

/** What makes this process one of several that run the application together. */
export interface Cluster {
  readonly options: StartOptions;
  close(): Promise<void>;
}

/**
 * The cluster that the environment names; `undefined` if it names none, and this process runs all of the application.
 *
 * - `SF_NATS`: the NATS server by which nodes find and reach each other; several with commas between them
 * - `SF_APP`: the name of the application there
 * - `SF_CHECKPOINTS`: where its checkpoints are, `s3://bucket/prefix`; keys are `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`
 */
export async function connect(environment: NodeJS.ProcessEnv): Promise<Cluster | undefined> {
  const { SF_NATS, SF_APP = 'counter', SF_CHECKPOINTS } = environment;
  if (SF_NATS === undefined) return undefined;
  if (SF_CHECKPOINTS === undefined)
    throw new Error('SF_NATS is set: set SF_CHECKPOINTS as well, to s3://bucket/prefix.');
  const cluster = await NatsCluster.connect({ servers: SF_NATS.split(','), application: SF_APP });
  const store = S3BlobStore.fromUrl(SF_CHECKPOINTS);
  return { options: { cluster, checkpoints: { store } }, close: () => cluster.close() };
}
