import { setTimeout as wait } from 'node:timers/promises';

const pollMs = 2;

/** Waits until something holds. @throws if it takes too long */
export async function until(holds: () => boolean, what: string, patienceMs = 120_000): Promise<void> {
  for (const endMs = performance.now() + patienceMs; !holds(); await wait(pollMs)) {
    if (performance.now() > endMs) throw new Error(`${what}: not after ${patienceMs} ms`);
  }
}
