import { Application } from '@stateful-functions/core';
import { HttpGateway } from '@stateful-functions/http-gateway';

const app = await Application.from(new URL('./counter.module.js', import.meta.url)).start();
const gateway = await HttpGateway.start(app, { port: Number(process.env.PORT ?? 8080) });

console.log(`
  Counting. Try, in another shell:

    curl -X POST ${gateway.url}/v1/example/counter/ada/increment
    curl ${gateway.url}/v1/example/counter/ada/value

  Ctrl-C stops. The counts are in .sf, and the next start goes on from there.
`);
await app.finished;
console.log('Stopped.');
