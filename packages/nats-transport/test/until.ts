import { setTimeout as pause } from 'node:timers/promises';

/** Waits for a condition, attempting something each time it is not met. */
export async function until(condition: () => boolean, attempt: () => void = () => {}): Promise<void> {
  while (!condition()) {
    attempt();
    await pause(5);
  }
}
