import { Application, FileBlobStore, nodePlatform } from '@stateful-functions/core';
import { JetStreamSink, JetStreamSource, NatsCluster } from '@stateful-functions/nats-transport';
import type { DriverReport } from '../src/driver.js';
import type { RideRequest } from '../src/passenger.js';
import { RideSharingModule } from '../src/ride-sharing.module.js';
import type { NodeSetup } from './node-process.js';
import { partitions, reportSubject, streams } from './streams.js';

/** A node of the cluster: runs until it is killed, or whoever started it is gone. */
process.once('disconnect', () => process.exit(3));

const { servers, application, name, folder, minWorkers } = JSON.parse(process.argv[2] as string) as NodeSetup;
const nats = { servers, application };
const cluster = await NatsCluster.connect(nats);
const module = new RideSharingModule({
  requests: new JetStreamSource<RideRequest>({ ...nats, stream: streams.requests.name, durable: 'requests' }),
  reports: Object.fromEntries(partitions.map((partition) => [partition, sourceOf(partition)])),
  notices: sinkOf('notices'),
  pickups: sinkOf('pickups'),
  deadLetters: sinkOf('deadLetters'),
});
const { files, random } = nodePlatform();
const app = await Application.from(module).start({
  // Longer than the default, since a machine that also shows the city in a browser has little time for its nodes.
  cluster: { ...cluster, name, minWorkers, lease: '2s' },
  // A folder, since the nodes are on one machine; elsewhere it is a bucket.
  checkpoints: { store: await new FileBlobStore(files, random, folder).shared(), interval: '250ms' },
});
process.send?.('running');
await app.finished.finally(() => cluster.close());
process.exit(0);

function sourceOf(partition: string): JetStreamSource<DriverReport> {
  const filter = reportSubject(partition);
  return new JetStreamSource({ ...nats, stream: streams.reports.name, filter, durable: `reports-${partition}` });
}

function sinkOf(of: 'notices' | 'pickups' | 'deadLetters'): JetStreamSink<unknown> {
  const { name: stream, subject } = streams[of];
  return new JetStreamSink({ ...nats, stream, subject, exclusive: true });
}
