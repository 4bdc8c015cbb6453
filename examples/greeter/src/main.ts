import { Application, silentLogger } from '@stateful-functions/core';
import { progress, summary } from './report.js';

const config = { events: 'events.jsonl', emails: 'emails.jsonl' };
const startedMs = performance.now();
console.log(`Greeting everybody in ${config.events} …`);

// By default, dead letters are logged as they come; here the summary says how many there were and where they are.
const app = await Application.from(new URL('./greeter.module.js', import.meta.url)).start({
  config,
  logger: silentLogger,
});
const show = () => console.log(`  ${progress(app.status)}`);
show();
const showing = setInterval(show, 100);
await app.finished.finally(() => clearInterval(showing));

console.log(summary(app.status, performance.now() - startedMs, config.emails));
