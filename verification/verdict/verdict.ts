/** What was compared. */
export interface Checked {
  traces: number;
  /** Values of state. */
  values: number;
  /** Messages whose place among those of their pair of addresses was seen. */
  ordered: number;
  timers: number;
  /** Timers cancelled in time, and cancelled too late. */
  cancelledEarly: number;
  cancelledLate: number;
  /** Answers that came, and answers that were too late. */
  answers: number;
  lateAnswers: number;
  deadLetters: number;
  acknowledged: number;
  refused: number;
  unknown: number;
}

/** What was compared, and everything that is not as it must be, in words. Each begins with its kind. */
export class Verdict {
  readonly violations: string[] = [];
  readonly checked: Checked = {
    ...{ traces: 0, values: 0, ordered: 0, timers: 0, cancelledEarly: 0, cancelledLate: 0 },
    ...{ answers: 0, lateAnswers: 0, deadLetters: 0, acknowledged: 0, refused: 0, unknown: 0 },
  };

  violate(kind: ViolationKind, what: string): void {
    this.violations.push(`${kind}: ${what}`);
  }

  /** Compares two values of the data model that JSON can show. */
  compare(what: string, found: unknown, expected: unknown): void {
    this.checked.values += 1;
    if (found === expected) return;
    const actual = JSON.stringify(found);
    const wanted = JSON.stringify(expected);
    if (actual !== wanted) this.violate('state', `${what} is ${actual}, not ${wanted}`);
  }
}

export type ViolationKind = 'state' | 'egress' | 'order' | 'timer' | 'cancel' | 'dead letter' | 'client';

export function sortedEntries<V>(entries: Iterable<readonly [string, V]>): (readonly [string, V])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}
