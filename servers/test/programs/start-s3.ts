import { startS3 } from '../../index.js';

/** Starts a server, says where it is, and runs until it is killed. */
const server = await startS3();
console.log(server?.endpoint);
setInterval(() => undefined, 60_000);
