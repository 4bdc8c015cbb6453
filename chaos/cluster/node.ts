import { randomUUID } from 'node:crypto';
import { Application, nodePlatform } from '@stateful-functions/core';
import { JetStreamSink, JetStreamSource, NatsCluster } from '@stateful-functions/nats-transport';
import { S3BlobStore } from '@stateful-functions/s3-checkpoint';
import { intakes, Occupancy, type Surroundings, traces, VerificationModule } from '@stateful-functions/verification';
import type { NodeSetup } from './node-process.js';
import { streams } from './streams.js';

/** A node of the cluster: runs until it is told to stop by a signal, or whoever started it is gone. */
const setup = JSON.parse(process.argv[2] as string) as NodeSetup;
process.once('disconnect', () => process.exit(3));

const { servers, application, name, bucket, s3 } = setup;
const nats = { servers, application };
const cluster = await NatsCluster.connect(nats);
const store = new S3BlobStore({ ...s3, bucket, pathStyle: true, multipart: false });
const outside: Surroundings = {
  sources: intakes.map((_, index) => new JetStreamSource({ ...nats, stream: streams.intake(index) })),
  sinks: traces.map((_, index) => sinkOf(streams.traces(index))),
  deadLetters: sinkOf(streams.deadLetters),
};
const { scheduler } = nodePlatform();
const module = new VerificationModule({
  scheduler: () => scheduler,
  occupancy: new Occupancy(),
  outside,
  // Epochs come and go in one process, and what one leaves running is not the next one's: nobody is watched for overlaps here.
  life: () => randomUUID(),
});
const app = await Application.from(module).start({
  cluster: { ...cluster, name },
  checkpoints: { store, interval: '250ms' },
  maxParallelism: 64,
  maxActiveAddresses: 60,
});
process.send?.('running');
try {
  await app.finished;
} finally {
  await cluster.close();
}
process.exit(0);

function sinkOf<T>(stream: string): JetStreamSink<T> {
  return new JetStreamSink<T>({ ...nats, stream, subject: streams.subject(stream) });
}
