import { fairShares } from './fair-shares.js';

/** In a table of owners, a KeyGroup that nobody owns. */
export const unowned = -1;

/** A stretch of KeyGroups with one owner, or none. */
interface Run {
  readonly owner: number;
  from: number;
  to: number;
}

/**
 * Deals KeyGroups out to the workers 0 to `workers` - 1.
 *
 * `former` has, for each KeyGroup, the worker that owns it so far, or `unowned`; the result likewise.
 *
 * Laws:
 * - Numbers of KeyGroups differ by at most one.
 * - No balanced deal leaves more KeyGroups where they are (`fairShares`): one moves only if it had no owner, or its owner
 *   had too many.
 * - The result depends on nothing but the arguments.
 *
 * A KeyGroup that moves has its state read by another worker, so moves are what matters. Ranges come second: among the deals
 * that move the least, one with few ranges is sought, by giving up the shortest ones and by growing those that are there. It
 * need not be the fewest possible. In all, at most one range for each worker is added: what it gives up may leave a free one
 * behind, or the last it gets may be cut from one.
 */
export function dealKeyGroups(former: Int32Array, workers: number): Int32Array {
  const owners = former.slice();
  const held = new Array<number>(workers).fill(0);
  for (const owner of owners) if (owner !== unowned) held[owner] = (held[owner] as number) + 1;
  const shares = fairShares(held, owners.length);
  for (const [slot, share] of shares.entries()) release(owners, slot, (held[slot] as number) - share);
  const missing = shares.map((share, slot) => Math.max(0, share - (held[slot] as number)));
  grow(owners, missing);
  fill(owners, missing);
  return owners;
}

/** Takes `count` KeyGroups from a worker: its shortest ranges, then an end of the next one. */
function release(owners: Int32Array, slot: number, count: number): void {
  if (count <= 0) return;
  const runs = runsOf(owners).filter(({ owner }) => owner === slot);
  runs.sort((a, b) => a.to - a.from - (b.to - b.from) || a.from - b.from);
  let left = count;
  for (const { from, to } of runs) {
    const taken = Math.min(left, to - from);
    // Beside what is free already, so that it becomes one range.
    const first = from > 0 && owners[from - 1] === unowned ? from : to - taken;
    owners.fill(unowned, first, first + taken);
    left -= taken;
    if (left === 0) return;
  }
}

/** Lets ranges grow into free neighbours, which adds no range and may join two. */
function grow(owners: Int32Array, missing: number[]): void {
  for (const { owner, from, to } of runsOf(owners)) {
    if (owner === unowned) continue;
    const take = (keyGroup: number) => {
      if (missing[owner] === 0 || owners[keyGroup] !== unowned) return false;
      owners[keyGroup] = owner;
      missing[owner] = (missing[owner] as number) - 1;
      return true;
    };
    for (let at = to; take(at); at += 1);
    for (let at = from - 1; take(at); at -= 1);
  }
}

/** Deals out what is still free. Each step uses up a free range, or gives a worker the last it wanted. */
function fill(owners: Int32Array, missing: number[]): void {
  const free = runsOf(owners).filter(({ owner }) => owner === unowned);
  const needy = [...missing.keys()].sort((a, b) => (missing[b] as number) - (missing[a] as number) || a - b);
  for (const slot of needy) {
    for (let wanted = missing[slot] as number; wanted > 0; ) {
      const run = bestFor(wanted, free);
      const taken = Math.min(wanted, run.to - run.from);
      owners.fill(slot, run.from, run.from + taken);
      run.from += taken;
      wanted -= taken;
    }
  }
}

/** The shortest range that is enough, or else the longest one; of equal ones the first. */
function bestFor(wanted: number, free: readonly Run[]): Run {
  return free.reduce((best, run) => {
    const [bestLength, length] = [best.to - best.from, run.to - run.from];
    if (length >= wanted) return bestLength >= wanted && bestLength <= length ? best : run;
    return bestLength >= length ? best : run;
  });
}

function runsOf(owners: Int32Array): Run[] {
  const runs: Run[] = [];
  for (const [keyGroup, owner] of owners.entries()) {
    const last = runs.at(-1);
    if (last?.owner === owner) last.to = keyGroup + 1;
    else runs.push({ owner, from: keyGroup, to: keyGroup + 1 });
  }
  return runs;
}
