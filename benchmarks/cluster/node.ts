import { Application, type Logger, silentLogger } from '@stateful-functions/core';
import { NatsCluster } from '@stateful-functions/nats-transport';

import type { NodeSetup } from './node-setup.js';
import { answering, tell } from './node-voice.js';
import { storeOf } from './store.js';

/** The process of a node: runs until a signal tells it to leave, or until whoever started it is gone. */
const { site, application, name, module, config, intervalMs } = JSON.parse(process.argv[2] as string) as NodeSetup;
process.once('disconnect', () => process.exit(3));

/** Says nothing but that an epoch begins, and what went wrong. */
const logger: Logger = {
  ...silentLogger,
  debug: (_fields, message) => {
    if (message === 'an epoch begins') tell({ kind: 'epoch', atMs: Date.now() });
  },
  error: (fields, message) => console.error(`${name}: ${message}: ${String((fields as { err?: unknown }).err)}`),
  child: () => logger,
};
const cluster = await NatsCluster.connect({ servers: site.nats, application, logger });
const store = storeOf(site, application);
const app = await Application.from(new URL(module)).start({
  cluster: { ...cluster, name },
  checkpoints: { store, interval: intervalMs },
  config,
  logger,
});
answering('status', () => app.status);
answering('checkpoint', () => app.checkpoint());
tell({ kind: 'answer', answer: 'running' });
try {
  await app.finished;
} finally {
  await cluster.close();
}
process.exit(0);
