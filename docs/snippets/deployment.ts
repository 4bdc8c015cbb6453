import { Application, type Binder, deadLetters, JsonLinesSink } from '@stateful-functions/core';
import { HttpGateway, PrometheusMetrics } from '@stateful-functions/http-gateway';
import { connect, NatsCluster } from '@stateful-functions/nats-transport';
import { S3BlobStore } from '@stateful-functions/s3-checkpoint';
import { buy, ShopModule } from './concepts.js';

export async function onAllCores(): Promise<void> {
  const app = await Application.from(new URL('./shop.module.js', import.meta.url)).start({ workers: 'auto' });
  await app.finished;
}

export async function asNode(password: string, ca: string): Promise<void> {
  const cluster = await NatsCluster.connect({
    servers: ['tls://nats-1.internal:4222', 'tls://nats-2.internal:4222', 'tls://nats-3.internal:4222'],
    application: 'shop',
    user: 'shop',
    password,
    tls: { ca },
    replicas: 3,
  });
  const store = new S3BlobStore({ bucket: 'my-checkpoints', prefix: 'shop', region: 'eu-central-1' });
  const metrics = new PrometheusMetrics();
  const app = await Application.from(ShopModule).start({ cluster, checkpoints: { store }, metrics });
  const gateway = await HttpGateway.start(app, { port: 8080, metrics });
  await app.finished;
  await gateway.stop();
}

export async function fromOutside(): Promise<void> {
  await using client = await connect({ servers: 'nats.internal:4222', application: 'shop' });
  console.log(await buy(client));
}

export async function tuned(store: S3BlobStore): Promise<void> {
  const app = await Application.from(ShopModule).start({
    checkpoints: { store, interval: '2s', keep: 5, cacheBytes: 256 * 1024 * 1024 },
    maxActiveAddresses: 2_000_000,
    maxBacklog: 50_000,
    maxParallelism: 1_024,
    stopTimeout: '20s',
  });
  await app.finished;
}

export async function backToSavepoint(): Promise<void> {
  await Application.from(ShopModule).start({ fromSavepoint: 'before-upgrade' });
}

export function bindDeadLetters(binder: Binder): void {
  binder.bindEgress(deadLetters, new JsonLinesSink({ path: '/var/log/shop/dead-letters.jsonl' }));
}
