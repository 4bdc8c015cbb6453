import { StatefulFunctionsError } from './errors.js';

/** A length of time: milliseconds, or a number with a unit: `250ms`, `30s`, `5m`, `12h`, `90d`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * A duration in milliseconds.
 *
 * @throws SF_INVALID_DURATION
 */
export function durationMs(duration: Duration): number {
  if (typeof duration === 'number') return checked(duration, duration);
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration);
  if (match === null) return checked(Number.NaN, duration);
  return checked(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs], duration);
}

function checked(ms: number, duration: Duration): number {
  if (Number.isFinite(ms) && ms >= 0 && ms <= Number.MAX_SAFE_INTEGER) return ms;
  throw new StatefulFunctionsError(
    'SF_INVALID_DURATION',
    `${JSON.stringify(duration)} is no duration. Use milliseconds or a text such as 250ms, 30s, 5m, 12h, 90d.`,
  );
}
