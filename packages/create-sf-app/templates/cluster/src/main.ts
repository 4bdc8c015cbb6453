import { Application } from '@stateful-functions/core';
import { HttpGateway } from '@stateful-functions/http-gateway';
import { connect } from './cluster.js';

const { HOST = '127.0.0.1', PORT = '8080' } = process.env;

const cluster = await connect(process.env);
const app = await Application.from(new URL('./counter.module.js', import.meta.url)).start(cluster?.options);
const gateway = await HttpGateway.start(app, { host: HOST, port: Number(PORT) });

console.log(`
  Counting, ${cluster === undefined ? 'in this process alone, with checkpoints in .sf' : 'as a node of a cluster'}.
  Try, in another shell:

    curl -X POST ${gateway.url}/v1/example/counter/ada/increment
    curl ${gateway.url}/v1/example/counter/ada/value

  Ctrl-C stops. The next start goes on from there.
`);
await app.finished;
await cluster?.close();
console.log('Stopped.');
