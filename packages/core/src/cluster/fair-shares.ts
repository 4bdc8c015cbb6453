/**
 * How many of `total` things each worker gets, when worker `slot` has `held[slot]` of them.
 *
 * Laws:
 * - The shares add up to `total` and differ by at most one.
 * - No other such shares let more things stay where they are, that is, have a greater sum of `min(held, share)`.
 *
 * Each gets the least share, and some get one more. A worker that holds more than the least keeps a thing by it which would
 * move otherwise; for all others it makes no difference. So the former come first, then those with the lowest `load`, then
 * the lowest slots.
 */
export function fairShares(
  held: readonly number[],
  total: number,
  load: readonly number[] = held.map(() => 0),
): number[] {
  const least = Math.floor(total / held.length);
  const keepsOneMore = (slot: number) => (amountOf(slot, held) > least ? 0 : 1);
  const first = [...held.keys()].sort(
    (a, b) => keepsOneMore(a) - keepsOneMore(b) || amountOf(a, load) - amountOf(b, load) || a - b,
  );
  const shares = held.map(() => least);
  for (const slot of first.slice(0, total % held.length)) shares[slot] = least + 1;
  return shares;
}

function amountOf(slot: number, amounts: readonly number[]): number {
  return amounts[slot] ?? 0;
}
