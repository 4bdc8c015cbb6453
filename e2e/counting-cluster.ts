import { strictEqual } from 'node:assert/strict';
import type { NatsServer, S3Server } from '@stateful-functions/servers';
import type { CreatedApp } from './created-app.js';
import { increment, urlOf } from './http-counter.js';

/** Several runs of `npm start` are one application, which counts on when one of them is killed. */
export async function countOnCluster(app: CreatedApp, nats: NatsServer, s3: S3Server): Promise<void> {
  const store = `s3://${await s3.makeBucket()}/counter?endpoint=${s3.endpoint}&region=${s3.region}&multipart=false`;
  const environment = {
    PORT: '0',
    SF_NATS: nats.url,
    SF_APP: 'counter',
    SF_CHECKPOINTS: store,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  };
  await using first = app.script('start', { environment });
  const firstUrl = await urlOf(first);
  await using second = app.script('start', { environment });
  const secondUrl = await urlOf(second);
  strictEqual(await increment(firstUrl), 100);
  strictEqual(await increment(secondUrl), 200);
  await first.kill();
  strictEqual(await increment(secondUrl), 300);
  await second.stop();
  await second.says(/Stopped\./);
  await using third = app.script('start', { environment });
  strictEqual(await increment(await urlOf(third)), 400);
  await third.stop();
}
