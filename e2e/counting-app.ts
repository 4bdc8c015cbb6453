import { strictEqual } from 'node:assert/strict';
import type { Command } from './command.js';
import type { CreatedApp } from './created-app.js';

/** Any port that is free. */
const environment = { PORT: '0' };

/** The application of the template `minimal`, and of those that count as it does. */
export class CountingApp {
  readonly #app: CreatedApp;

  constructor(app: CreatedApp) {
    this.#app = app;
  }

  /** It runs by `npm start`, and counts. */
  async start(): Promise<void> {
    await using running = this.#app.script('start', { environment });
    strictEqual(await increment(running), 1);
    strictEqual(await increment(running), 2);
    await running.stop();
    await running.says(/Stopped\./);
  }

  /** It goes on counting by `npm run dev`, whatever its author does. */
  async develop(): Promise<void> {
    const app = this.#app;
    await using running = app.script('dev', { environment });
    strictEqual(await increment(running), 3);

    let from = running.said.length;
    await app.edit('src/counter.fn.ts', 'this.count += 1;', 'this.count += 10;');
    await running.says(/restarting/, from);
    strictEqual(await increment(running, from), 13);

    await app.edit('src/counter.fn.ts', 'this.count += 10;', 'this.count += "ten";');
    await running.says(/src\/counter\.fn\.ts.* error TS2322/, from);
    await running.says(/does not compile\. The program goes on as it was/, from);
    strictEqual(await increment(running, from), 23);

    from = running.said.length;
    await app.edit('src/counter.fn.ts', 'this.count += "ten";', 'this.count += 100;');
    await running.says(/restarting/, from);
    strictEqual(await increment(running, from), 123);
    await running.stop();
    await running.says(/Stopped\./, from);

    await using fresh = app.script('dev', { args: ['--fresh'], environment });
    strictEqual(await increment(fresh), 100);
    await fresh.stop();
  }
}

async function increment(running: Command, from = 0): Promise<number> {
  const [, url] = await running.says(/(http:\/\/127\.0\.0\.1:\d+)\//, from);
  const response = await fetch(`${url}/v1/example/counter/ada/increment`, { method: 'POST' });
  return (await response.json()) as number;
}
