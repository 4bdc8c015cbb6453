import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Simulation, simulate } from '@stateful-functions/core/testing';
import { Counter } from '../src/counter.js';
import { CounterModule } from '../src/counter.module.js';

/** Nodes are killed, paused and cut off here, in virtual time; a seed decides when, so a failure can be run again. */
describe('A counter on a cluster', () => {
  for (const seed of [1, 2, 3]) {
    it(`counts each call once, whatever strikes the nodes (seed ${seed})`, async () => {
      const { violations } = await simulate({
        seed,
        modules: () => [new CounterModule()],
        drive: async (cluster) => {
          for (let call = 1; call <= 10; call += 1) assert.equal(await increment(cluster, `call-${call}`), call);
        },
      });
      assert.deepEqual(violations, []);
    });
  }
});

/** Calls all nodes that live, again and again, until one answers. Its key says that it is one call. */
async function increment(cluster: Simulation, idempotencyKey: string): Promise<number> {
  let answer: number | undefined;
  while (answer === undefined) {
    for (const client of cluster.clients) {
      const call = client.ask(Counter.at('ada'), { idempotencyKey }).increment();
      call.then(
        (count) => {
          answer = count;
        },
        () => undefined, // The node has failed.
      );
    }
    for (let waitedMs = 0; waitedMs < 2_000 && answer === undefined; waitedMs += 50) await cluster.advance(50);
  }
  return answer;
}
