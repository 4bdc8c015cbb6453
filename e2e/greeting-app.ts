import { deepStrictEqual } from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { CreatedApp } from './created-app.js';

/** How many lines `events.jsonl` has to begin with. */
const given = 5;

/** `npm start` runs an application that greets everybody once for each line. */
export async function startGreeting(app: CreatedApp): Promise<void> {
  await using running = app.script('start');
  await untilSent(app, given);
  await greet(app, 'Ada');
  await untilSent(app, given + 1);
  await running.stop();
  await running.says(/Stopped\./);
  deepStrictEqual((await sent(app)).at(-1), 'Nice to see you for the 4th time, Ada!');
}

/** `npm run dev` has it go on greeting, whatever its author does. */
export async function changeGreeting(app: CreatedApp): Promise<void> {
  const file = 'src/greeting-texts.ts';
  await using running = app.script('dev');
  await running.says(/Greeting everybody/);

  let from = running.said.length;
  await app.edit(file, 'Nice to see you', 'Here you are');
  await running.says(/restarting/, from);
  await running.says(/Greeting everybody/, from); // Until then the program that stops may read what comes.
  await greet(app, 'Ada');
  await untilSent(app, given + 2);

  from = running.said.length;
  await app.edit(file, 'seen: number): string {\n    if (seen === 1)', 'seen: number): number {\n    if (seen === 1)');
  await running.says(/src\/greeting-texts\.ts.* error TS2322: /, from);
  await running.says(/does not compile\. The program goes on as it was/, from);
  await greet(app, 'Ada');
  await untilSent(app, given + 3);

  from = running.said.length;
  await app.edit(file, 'seen: number): number {', 'seen: number): string {');
  await running.says(/restarting/, from);
  await running.says(/Greeting everybody/, from); // Until then the program that stops may read what comes.
  await greet(app, 'Ada');
  await untilSent(app, given + 4);
  await running.stop();
  await running.says(/Stopped\./, from);
  deepStrictEqual((await sent(app)).slice(given + 1), [
    'Here you are for the 5th time, Ada!',
    'Here you are for the 6th time, Ada!',
    'Here you are for the 7th time, Ada!',
  ]);

  await using fresh = app.script('dev', { args: ['--fresh'] });
  await untilSent(app, 2 * (given + 4));
  await fresh.stop();
}

function greet(app: CreatedApp, name: string): Promise<void> {
  const event = { userId: 'u1', name, email: 'ada@example.com' };
  return appendFile(join(app.directory, 'events.jsonl'), `${JSON.stringify(event)}\n`);
}

/** The texts that were sent. */
async function sent(app: CreatedApp): Promise<string[]> {
  const lines = (await app.read('emails.jsonl').catch(() => '')).split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { text: string }).text);
}

async function untilSent(app: CreatedApp, count: number): Promise<void> {
  for (let attempt = 0; (await sent(app)).length !== count; attempt += 1) {
    if (attempt === 600) throw new Error(`${(await sent(app)).length} greetings were sent, not ${count}.`);
    await pause(50);
  }
}
