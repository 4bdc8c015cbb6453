import type { Entry } from './entry.js';

/**
 * Merges sorted runs of entries into one, newest run first: of entries with the same key only the newest is given.
 * Tombstones are given too.
 */
export async function* mergeEntries(runs: AsyncIterator<Entry>[]): AsyncGenerator<Entry, void, undefined> {
  const heads = await Promise.all(runs.map(async (run) => head(await run.next())));
  for (;;) {
    let least: Entry | undefined;
    // Runs are few, so looking at each head beats a heap. Of equal keys the first, which is the newest, stays.
    for (const entry of heads) if (entry !== undefined && (least === undefined || Buffer.compare(entry.key, least.key) < 0)) least = entry;
    if (least === undefined) return;
    for (let index = 0; index < heads.length; index += 1) {
      const entry = heads[index];
      if (entry === undefined || Buffer.compare(entry.key, least.key) !== 0) continue;
      heads[index] = head(await (runs[index] as AsyncIterator<Entry>).next());
    }
    yield least;
  }
}

function head(result: IteratorResult<Entry>): Entry | undefined {
  return result.done === true ? undefined : result.value;
}
