import { Application } from '@stateful-functions/core';
import { S3BlobStore } from '@stateful-functions/s3-checkpoint';

const store = new S3BlobStore({ bucket: 'my-checkpoints', prefix: 'orders', region: 'eu-central-1' });
const application = await Application.from(OrdersModule).start({ checkpoints: { store } });
await application.finished;

declare const OrdersModule: new () => import('@stateful-functions/core').StatefulFunctionModule;
