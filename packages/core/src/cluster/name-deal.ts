import { fairShares } from './fair-shares.js';

/**
 * Deals named things, such as ingresses, out to workers: for each worker its names, ascending.
 *
 * `ownerOf` gives the worker that has a name so far, if any. `load` is what each worker carries already: one thing more than
 * others goes where that is least.
 *
 * Laws: each name has one owner; numbers differ by at most one; no balanced deal leaves more names where they are; the order
 * of `names` does not matter.
 */
export function dealNames(
  names: Iterable<string>,
  ownerOf: (name: string) => number | undefined,
  load: readonly number[],
): string[][] {
  const dealt: string[][] = load.map(() => []);
  const free: string[] = [];
  const sorted = [...new Set(names)].sort();
  for (const name of sorted) ofOwner(dealt, ownerOf(name), free).push(name);
  const shares = fairShares(
    dealt.map(({ length }) => length),
    sorted.length,
    load,
  );
  for (const [slot, share] of shares.entries()) free.push(...(dealt[slot] as string[]).splice(share));
  free.sort();
  for (const [slot, share] of shares.entries()) {
    const own = dealt[slot] as string[];
    own.push(...free.splice(0, share - own.length));
    own.sort();
  }
  return dealt;
}

function ofOwner(dealt: string[][], slot: number | undefined, free: string[]): string[] {
  return (slot === undefined ? undefined : dealt[slot]) ?? free;
}
