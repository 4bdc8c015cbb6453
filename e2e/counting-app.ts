import { strictEqual } from 'node:assert/strict';
import type { CreatedApp } from './created-app.js';
import { increment, urlOf } from './http-counter.js';

/** Any port that is free. */
const environment = { PORT: '0' };

/** `npm start` runs an application that counts. */
export async function startCounting(app: CreatedApp): Promise<void> {
  await using running = app.script('start', { environment });
  const url = await urlOf(running);
  strictEqual(await increment(url), 1);
  strictEqual(await increment(url), 2);
  await running.stop();
  await running.says(/Stopped\./);
}

/** `npm run dev` has it go on counting, whatever its author does. */
export async function changeCounting(app: CreatedApp): Promise<void> {
  const file = 'src/counter.fn.ts';
  await using running = app.script('dev', { environment });
  strictEqual(await increment(await urlOf(running)), 3);

  let from = running.said.length;
  await app.edit(file, 'this.count += 1;', 'this.count += 10;');
  await running.says(/restarting/, from);
  const url = await urlOf(running, from);
  strictEqual(await increment(url), 13);

  from = running.said.length;
  await app.edit(file, 'this.count += 10;', "this.count += 'ten';");
  await running.says(/src\/counter\.fn\.ts.* error TS2322: /, from);
  await running.says(/does not compile\. The program goes on as it was/, from);
  strictEqual(await increment(url), 23);

  from = running.said.length;
  await app.edit(file, "this.count += 'ten';", 'this.count += 100;');
  await running.says(/restarting/, from);
  strictEqual(await increment(await urlOf(running, from)), 123);
  await running.stop();
  await running.says(/Stopped\./, from);

  await using fresh = app.script('dev', { args: ['--fresh'], environment });
  strictEqual(await increment(await urlOf(fresh)), 100);
  await fresh.stop();
}
