const steps = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

const format = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

/** A moment as seen from another, both in milliseconds since the Unix epoch: `3 minutes ago`, `in 2 hours`. */
export function relativeTime(timeMs: number, nowMs: number): string {
  const differenceMs = timeMs - nowMs;
  for (const [unit, unitMs] of steps) {
    const amount = Math.trunc(differenceMs / unitMs);
    if (amount !== 0) return format.format(amount, unit);
  }
  return 'just now';
}
