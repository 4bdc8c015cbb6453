import type { Benchmark, Figures } from '../benchmark.js';
import { inTurn } from '../cluster/in-turn.js';
import { loadId } from '../load.js';
import { checkGreeted } from './greeter.js';
import { sides } from './sides.js';
import { type MakeSystem, post, whenAnswering, whenHandled, withSystem } from './system.js';

const ids = 500;
const patienceMs = 150_000;

/**
 * Makes so many invocations, a greeting and an e-mail each, then kills all processes and starts them again, some times: the median,
 * and the longest, of the milliseconds from the kill until a call has its durable reply.
 */
export function runRestart(make: MakeSystem, invocations: number, kills: number): Promise<Figures> {
  return withSystem(make, async (system) => {
    const greetings = invocations / 2;
    await inTurn(greetings, (number) => {
      const id = loadId(number % ids);
      return post(system, system.paths.greetOneWay, id, { name: id, pages: ['/', '/about'] });
    });
    await whenHandled(system, 1 + greetings, patienceMs);
    const outages: number[] = [];
    for (let kill = 0; kill < kills; kill += 1) {
      const killedMs = performance.now();
      await system.kill();
      await system.start();
      await whenAnswering(system);
      outages.push(performance.now() - killedMs);
    }
    await checkGreeted(system, greetings);
    outages.sort((a, b) => a - b);
    return { median: outages[kills >> 1] as number, longest: outages.at(-1) as number };
  });
}

export const restart: Benchmark = {
  name: 'peers-restart-100000',
  metric: 'kill -9 to first reply',
  unit: 'ms',
  ...sides((make) => runRestart(make, 100_000, 3)),
  repetitions: 1,
};
