import type { Benchmark } from '../benchmark.js';
import { inTurn } from '../cluster/in-turn.js';
import { makeOurs } from './our-system.js';
import { ringId, ringSize } from './ring-shape.js';
import { sides } from './sides.js';
import { checkSum, type MakeSystem, post, whenHandled, withSystem } from './system.js';

const text = 'a message of no great length';

/** So many tokens go round a ring of addresses, each so many hops: hops a second, from the first token until the last hop. */
export function runRing(make: MakeSystem, tokens: number, hops: number): Promise<number> {
  return withSystem(make, async (system) => {
    const startMs = performance.now();
    await inTurn(tokens, (token) => {
      const at = token % ringSize;
      return post(system, system.paths.hop, ringId(at), { at, left: hops, text });
    });
    await whenHandled(system, 1 + tokens * hops);
    const seconds = (performance.now() - startMs) / 1_000;
    await checkSum(system, system.paths.seen.ring, ringSize, ringId, tokens * hops);
    return (tokens * hops) / seconds;
  });
}

/** Hops differ by side, so that each runs for some seconds; rates do not depend on them. */
function ring(tokens: number, hops: { readonly ours: number; readonly theirs: number }): Benchmark {
  return {
    name: `peers-ring-${tokens}`,
    metric: 'hops',
    unit: '1/s',
    ...sides((make) => runRing(make, tokens, make === makeOurs ? hops.ours : hops.theirs)),
  };
}

export const rings: readonly Benchmark[] = [
  ring(1, { ours: 500_000, theirs: 1_000 }),
  ring(1_000, { ours: 500, theirs: 5 }),
];
