/** What one run gives where one figure does not tell all: by name, in the benchmark's unit, the same names each time. */
export type Figures = Readonly<Record<string, number>>;

/** One case of a benchmark: something that can be run again and again, each run giving a figure, or several. */
export interface Case {
  readonly name: string;
  /** Runs once; resolves with the figure in the benchmark's unit. */
  run(): Promise<number | Figures>;
}

export interface Benchmark {
  readonly name: string;
  readonly metric: string;
  readonly unit: string;
  /** The case that ratios divide by; run beside the others, turn by turn. */
  readonly baseline: string;
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
  /** The median of the ratios to the baseline's run of the same turn. */
  readonly ratio: number | null;
}

const repetitions = 5;

/**
 * Runs the cases of a benchmark in turn: one round to warm up, then five that count. Machines drift, so each run is divided by
 * the baseline's run of the same round, and the median of those ratios is what is reported.
 */
export async function runBenchmark(benchmark: Benchmark): Promise<Result[]> {
  const rounds: Map<string, Figures>[] = [];
  for (let round = 0; round <= repetitions; round += 1) {
    const figures = new Map<string, Figures>();
    for (const one of benchmark.cases) figures.set(one.name, named(await one.run()));
    if (round > 0) rounds.push(figures);
  }
  return benchmark.cases.flatMap(({ name }) => {
    const kinds = Object.keys(rounds[0]?.get(name) ?? {});
    return kinds.map((kind) => resultOf(benchmark, name, kind, rounds));
  });
}

function resultOf(
  { name: benchmark, metric, unit, baseline }: Benchmark,
  name: string,
  kind: string,
  rounds: readonly ReadonlyMap<string, Figures>[],
): Result {
  const of = (which: string) => rounds.map((figures) => figures.get(which)?.[kind] as number);
  const runs = of(name);
  const base = of(baseline);
  const isBaseline = name === baseline;
  return {
    benchmark,
    case: name,
    metric: kind === only ? metric : `${metric} ${kind}`,
    unit,
    median: median(runs),
    least: Math.min(...runs),
    most: Math.max(...runs),
    baseline: isBaseline ? null : baseline,
    ratio: isBaseline ? null : median(runs.map((figure, index) => figure / (base[index] as number))),
  };
}

/** What the figure is called of a benchmark that has but one. */
const only = '';

function named(figures: number | Figures): Figures {
  return typeof figures === 'number' ? { [only]: figures } : figures;
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
