/** One case of a benchmark: something that can be run again and again, each run giving one figure. */
export interface Case {
  readonly name: string;
  /** Runs once; resolves with the figure in the benchmark's unit. */
  run(): Promise<number>;
}

export interface Benchmark {
  readonly name: string;
  readonly metric: string;
  readonly unit: string;
  /** The case that ratios divide by; run beside the others, turn by turn. */
  readonly baseline: string;
  readonly cases: readonly Case[];
}

/** What became of one case. */
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
  const figures = new Map<string, number[]>(benchmark.cases.map(({ name }) => [name, []]));
  for (let round = 0; round <= repetitions; round += 1) {
    for (const one of benchmark.cases) {
      const figure = await one.run();
      if (round > 0) figures.get(one.name)?.push(figure);
    }
  }
  const base = figures.get(benchmark.baseline) ?? [];
  return benchmark.cases.map(({ name }) => {
    const runs = figures.get(name) ?? [];
    const isBaseline = name === benchmark.baseline;
    return {
      benchmark: benchmark.name,
      case: name,
      metric: benchmark.metric,
      unit: benchmark.unit,
      median: median(runs),
      least: Math.min(...runs),
      most: Math.max(...runs),
      baseline: isBaseline ? null : benchmark.baseline,
      ratio: isBaseline ? null : median(runs.map((figure, index) => figure / (base[index] as number))),
    };
  });
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
