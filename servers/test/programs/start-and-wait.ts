import { startNats } from '../../nats.js';

const server = await startNats();
console.log(JSON.stringify({ pid: server?.pid, folder: server?.folder }));
setInterval(() => {}, 1_000);
