import { faultKinds } from '@stateful-functions/core/testing';
import type { TrialAnswer } from './trial-process.js';

/** What many runs came to. */
export class Tally {
  runs = 0;
  failed = 0;
  readonly #strikes = new Map<string, number>();
  readonly #counts = { epochs: 0, committed: 0, abandoned: 0, restored: 0 };

  add({ violations, strikes, counts }: TrialAnswer): void {
    this.runs += 1;
    if (violations.length > 0) this.failed += 1;
    for (const [kind, count] of Object.entries(strikes))
      this.#strikes.set(kind, (this.#strikes.get(kind) ?? 0) + count);
    for (const name of Object.keys(this.#counts) as (keyof typeof counts)[]) this.#counts[name] += counts[name];
  }

  /** Kinds of faults that were to strike and never did: a run in which nothing goes wrong proves nothing. */
  missing(): string[] {
    return faultKinds.filter((kind) => !this.#strikes.has(kind));
  }

  summary(seconds: string): string {
    const { epochs, committed, abandoned, restored } = this.#counts;
    const rows = [...this.#strikes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, count]) => row(count, kind));
    return [
      'faults that struck',
      ...rows,
      'checkpoints',
      row(committed, 'committed'),
      row(abandoned, 'abandoned'),
      row(restored, `restored from, by ${epochs.toLocaleString('en')} epochs`),
      `${this.runs - this.failed} of ${this.runs} seeds without a violation, ${seconds} s`,
    ].join('\n');
  }
}

function row(count: number, name: string): string {
  return `  ${count.toLocaleString('en').padStart(10)}  ${name}`;
}
