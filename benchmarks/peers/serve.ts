import { Application } from '@stateful-functions/core';
import { HttpGateway } from '@stateful-functions/http-gateway';
import { PeersModule, progress } from './functions.js';

/** Our side's process: an application with its folder, and HTTP in front of it. It ends with whoever started it. */
const [directory, port] = process.argv.slice(2) as [string, string];
process.once('disconnect', () => process.exit());
process.on('message', () => process.send?.(progress));
const app = await Application.from(PeersModule).start({ checkpoints: { directory }, handleSignals: false });
await HttpGateway.start(app, { port: Number(port) });
process.send?.('serving');
