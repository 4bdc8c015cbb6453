import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from './command.js';

const counter = 'v1/example/counter/ada';

/** Where an application listens that says so, behind the character `from` of what it says. */
export async function urlOf(running: Command, from = 0): Promise<string> {
  const [, url] = await running.says(/(http:\/\/127\.0\.0\.1:\d+)\//, from);
  return url as string;
}

/** Has a counter increment once; tried again under the same key where the answer gets lost, or nobody can answer yet. */
export async function increment(url: string): Promise<number> {
  const headers = { 'idempotency-key': randomUUID() };
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await fetch(`${url}/${counter}/increment`, { method: 'POST', headers }).then(
      async (response) => ({ isGood: response.ok, text: await response.text() }),
      (error: Error) => ({ isGood: false, text: error.message }),
    );
    if (outcome.isGood) return JSON.parse(outcome.text) as number;
    if (attempt === 100) throw new Error(`${url} does not increment: ${outcome.text}`);
    await pause(200);
  }
}
