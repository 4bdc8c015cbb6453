/** What one run gives where one figure does not tell all: by name, the same names each time. */
export type Figures = Readonly<Record<string, number>>;

/** The name of the figure that a benchmark's metric names: of most the only one. */
export const theFigure = '';

/** One case of a benchmark: something that can be run again and again, each run giving a figure, or several. */
export interface Case {
  readonly name: string;
  /** What has to be reached, for people to compare: no run fails for missing it. */
  readonly bar?: Bar;
  /** Runs once; resolves with the figure in the benchmark's unit. */
  run(): Promise<number | Figures>;
}

/** A bound for the median, for the largest figure of all runs, or for the ratio to the baseline. */
export type Bar = {
  readonly of: 'median' | 'most' | 'ratio';
  /** Which of several figures it is for; every one of them by default. */
  readonly figure?: string;
} & ({ readonly atLeast: number } | { readonly atMost: number });

export interface Benchmark {
  readonly name: string;
  readonly metric: string;
  readonly unit: string;
  /** Of figures in another unit, by name. */
  readonly units?: Readonly<Record<string, string>>;
  /** The case that ratios divide by; run beside the others, turn by turn. Without one, there are no ratios. */
  readonly baseline?: string;
  /** Runs that count, of each case; 5 by default. */
  readonly repetitions?: number;
  /** Whether a run that does not count comes first; true by default. */
  readonly warmUp?: boolean;
  /** Whether its cases run on a nats-server and an S3 server. */
  readonly needsSite?: boolean;
  readonly cases: readonly Case[];
}

/** What became of one case, or of one of its figures. */
export interface Result {
  readonly benchmark: string;
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly baseline: string | null;
  /** The median of the ratios to the baseline's run of the same turn; `null` where the baseline has no such figure. */
  readonly ratio: number | null;
  readonly bar: Bar | null;
}

const usualRepetitions = 5;

/**
 * Runs the cases of a benchmark in turn: one round to warm up, then those that count. Machines drift, so each run is divided by
 * the baseline's run of the same round, and the median of those ratios is what is reported.
 */
export async function runBenchmark(benchmark: Benchmark): Promise<Result[]> {
  const { repetitions = usualRepetitions, warmUp = true } = benchmark;
  const rounds: Map<string, Figures>[] = [];
  for (let round = warmUp ? 0 : 1; round <= repetitions; round += 1) {
    const figures = new Map<string, Figures>();
    for (const one of benchmark.cases) figures.set(one.name, named(await one.run()));
    if (round > 0) rounds.push(figures);
  }
  return benchmark.cases.flatMap((one) => {
    const kinds = Object.keys(rounds[0]?.get(one.name) ?? {});
    return kinds.map((kind) => resultOf(benchmark, one, kind, rounds));
  });
}

function resultOf(
  { name: benchmark, metric, unit, units, baseline }: Benchmark,
  { name, bar }: Case,
  kind: string,
  rounds: readonly ReadonlyMap<string, Figures>[],
): Result {
  const of = (which: string) => rounds.map((figures) => figures.get(which)?.[kind]);
  const runs = of(name) as number[];
  const base = baseline === undefined || name === baseline ? undefined : of(baseline).filter(isFigure);
  const isComparable = base !== undefined && base.length === runs.length;
  return {
    benchmark,
    case: name,
    metric: kind === theFigure ? metric : `${metric} ${kind}`,
    unit: units?.[kind] ?? unit,
    median: median(runs),
    least: Math.min(...runs),
    most: Math.max(...runs),
    baseline: isComparable ? (baseline as string) : null,
    ratio: isComparable ? median(runs.map((figure, index) => figure / (base[index] as number))) : null,
    bar: bar !== undefined && (bar.figure ?? kind) === kind ? bar : null,
  };
}

/** Whether a result reaches its bar; `undefined` without one. */
export function reaches(result: Result): boolean | undefined {
  const { bar } = result;
  if (bar === null) return undefined;
  const figure = result[bar.of] as number;
  return 'atLeast' in bar ? figure >= bar.atLeast : figure <= bar.atMost;
}

function isFigure(figure: number | undefined): figure is number {
  return figure !== undefined;
}

function named(figures: number | Figures): Figures {
  return typeof figures === 'number' ? { [theFigure]: figures } : figures;
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
