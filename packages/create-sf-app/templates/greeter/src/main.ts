import { Application } from '@stateful-functions/core';

const config = { events: 'events.jsonl', emails: 'emails.jsonl' };
const app = await Application.from(new URL('./greeter.module.js', import.meta.url)).start({ config });

console.log(`
  Greeting everybody in ${config.events}. What is sent is in ${config.emails}.
  Append a line, in another shell, and look again:

    echo '{"userId":"u1","name":"Ada","email":"ada@example.com"}' >> ${config.events}
    tail ${config.emails}

  Ctrl-C stops. Who was greeted how often is in .sf, and the next start goes on from there.
`);
await app.finished;
console.log('Stopped.');
