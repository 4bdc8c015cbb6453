import { readFileSync } from 'node:fs';
import type { Result } from './benchmark.js';

/** A figure of an earlier run: what a line of `--json` says of it, as far as it is compared. */
interface EarlierFigure {
  readonly benchmark: string;
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
  readonly ratio: number | null;
}

/** What became of a figure since an earlier run. Changes are shares: 0.1 is a tenth more, and `null` where nothing can be said. */
export interface Change {
  readonly value: number;
  readonly change: number | null;
  readonly ratio: number | null;
  /** Of the ratio to the baseline: it says more than the figure's own change where the earlier run was on another machine. */
  readonly ratioChange: number | null;
}

/** The figures that an earlier run printed with `--json`. */
export class EarlierRun {
  readonly #figures: ReadonlyMap<string, EarlierFigure>;

  private constructor(figures: readonly EarlierFigure[]) {
    this.#figures = new Map(figures.map((figure) => [keyOf(figure), figure]));
  }

  /** @throws if there is no such file, or if it holds anything else */
  static read(file: string): EarlierRun {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      throw new Error(`${file} cannot be read: ${(error as Error).message}. ${howToMake}`);
    }
    return EarlierRun.parse(text, file);
  }

  /** @param name what to call the text in errors */
  static parse(text: string, name: string): EarlierRun {
    const lines = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ line, number: index + 1 }]));
    if (lines.length === 0) throw new Error(`${name} is empty. ${howToMake}`);
    return new EarlierRun(lines.map(({ line, number }) => figureOf(line, `${name}:${number}`)));
  }

  /** `undefined` for a figure that the earlier run did not have, in that unit. */
  changeOf({ median, ratio, ...result }: Result): Change | undefined {
    const earlier = this.#figures.get(keyOf(result));
    if (earlier === undefined) return undefined;
    return {
      value: earlier.value,
      change: changeFrom(earlier.value, median),
      ratio: earlier.ratio,
      ratioChange: changeFrom(earlier.ratio, ratio),
    };
  }
}

const howToMake = 'Name a file with what `npm run bench --silent -- --json` printed.';

function keyOf({
  benchmark,
  case: name,
  metric,
  unit,
}: Pick<Result, 'benchmark' | 'case' | 'metric' | 'unit'>): string {
  return JSON.stringify([benchmark, name, metric, unit]);
}

function changeFrom(earlier: number | null, now: number | null): number | null {
  return earlier === null || now === null || earlier === 0 ? null : now / earlier - 1;
}

function figureOf(line: string, where: string): EarlierFigure {
  const value = parsed(line);
  if (!isFigure(value)) throw new Error(`${where} is no figure of an earlier run: ${line.slice(0, 80)}. ${howToMake}`);
  return value;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isFigure(value: unknown): value is EarlierFigure {
  if (typeof value !== 'object' || value === null) return false;
  const figure = value as Record<string, unknown>;
  return (
    ['benchmark', 'case', 'metric', 'unit'].every((name) => typeof figure[name] === 'string') &&
    typeof figure.value === 'number' &&
    (figure.ratio === null || typeof figure.ratio === 'number')
  );
}
