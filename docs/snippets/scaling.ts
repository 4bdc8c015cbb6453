import { Application } from '@stateful-functions/core';
import { NatsCluster } from '@stateful-functions/nats-transport';
import { S3BlobStore } from '@stateful-functions/s3-checkpoint';
import { ShopModule as GreeterModule } from './concepts.js';

await Application.from(new URL('./greeter.module.js', import.meta.url)).start({ workers: 'auto' });

const cluster = await NatsCluster.connect({ servers: 'nats.internal:4222', application: 'greeter' });
const store = new S3BlobStore({ bucket: 'checkpoints', prefix: 'greeter' });
await Application.from(GreeterModule).start({ cluster, checkpoints: { store } });
