import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { inTurn } from '../cluster/in-turn.js';
import { inDirectory } from '../in-directory.js';

/** The paths of requests; `{id}` stands for an id. All take a POST with a body of JSON. */
export interface Paths {
  /** Greets, and answers how often the id was greeted. */
  readonly greet: string;
  /** Greets, and answers once it is certain that this will happen. */
  readonly greetOneWay: string;
  /** Puts a token onto the ring, one-way. */
  readonly hop: string;
  /** Answers how many messages an id of a function has had. */
  readonly seen: Readonly<Record<'greeter' | 'emailSender' | 'ring', string>>;
}

/** One side of the comparison: a system that runs the functions, all of it in processes of its own. */
export interface System {
  readonly url: string;
  readonly paths: Paths;
  /** Starts its processes on what it has stored, at the ports it had before. */
  start(): Promise<void>;
  /** Ends all its processes by `kill -9`; resolves when they are gone. */
  kill(): Promise<void>;
  /** How many e-mails and hops were handled since it was started. */
  handled(): Promise<number>;
}

/** Makes a system that stores in a directory; it is not started yet. */
export type MakeSystem = (directory: string) => Promise<System>;

const patienceMs = 60_000;
const pollMs = 5;
/** Who is greeted to find out whether anybody answers; no load has this id. */
const firstId = 'first';

/** Does something with a system that has just been started and answers calls; then, nothing of it is left. */
export function withSystem<T>(make: MakeSystem, use: (system: System) => Promise<T>): Promise<T> {
  return inDirectory(async (directory) => {
    const system = await make(directory);
    try {
      await system.start();
      await whenAnswering(system);
      await whenHandled(system, 1);
      return await use(system);
    } finally {
      await system.kill();
    }
  });
}

/** Calls until a call succeeds: that a process runs, or says that it is well, is not enough. */
export async function whenAnswering(system: System): Promise<void> {
  for (const untilMs = performance.now() + patienceMs; ; await wait(pollMs)) {
    try {
      await post(system, system.paths.greet, firstId, { name: firstId, pages: [] });
      return;
    } catch (error) {
      if (performance.now() > untilMs) throw error;
    }
  }
}

/** Resolves when so many e-mails and hops were handled. */
export async function whenHandled(system: System, count: number, withinMs = patienceMs): Promise<void> {
  for (const untilMs = performance.now() + withinMs; ; await wait(pollMs)) {
    const handled = await system.handled();
    if (handled >= count) return;
    if (performance.now() > untilMs) throw new Error(`${handled} of ${count} messages were handled in ${withinMs} ms`);
  }
}

/** One request. @returns the text of its answer @throws if it is refused */
export async function post(system: System, path: string, id: string, body?: unknown): Promise<string> {
  const answer = await request(system.url + path.replace('{id}', id), {
    method: 'POST',
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    headersTimeout: patienceMs,
  });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${answer.statusCode}: ${text}`);
  return text;
}

/** Every message has taken effect, and once. @throws if all addresses of a function together have not had so many */
export async function checkSum(
  system: System,
  path: string,
  ids: number,
  idOf: (number: number) => string,
  expected: number,
): Promise<void> {
  const counts = await inTurn(ids, async (number) => Number(await post(system, path, idOf(number))));
  const sum = counts.reduce((total, count) => total + count, 0);
  if (sum !== expected) throw new Error(`${path}: ${sum} messages have taken effect, not ${expected}`);
}
