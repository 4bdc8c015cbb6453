import { parseArgs } from 'node:util';
import { type Bar, type Benchmark, type Result, reaches, runBenchmark } from './benchmark.js';
import { inProcesses } from './case-process.js';
import { benchmarks } from './catalog.js';

/**
 * `npm run bench -- [name…] [--json]`: all benchmarks, or those named, one by one or by how their names begin; a table for people,
 * or one JSON object a line.
 */
const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const isCalled = (name: string) => (benchmark: Benchmark) =>
  benchmark.name === name || benchmark.name.startsWith(`${name}-`);
const unknown = positionals.filter((name) => !benchmarks.some(isCalled(name)));
if (unknown.length > 0) {
  console.error(
    `no benchmark is called ${unknown.join(', ')}; there are: ${benchmarks.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}
const chosen = benchmarks.filter((one) => positionals.length === 0 || positionals.some((name) => isCalled(name)(one)));
const results: Result[] = [];
for (const benchmark of chosen) {
  await using processes = await inProcesses(benchmark);
  for (const result of await runBenchmark(processes)) {
    results.push(result);
    if (values.json) printLine(result);
  }
}
if (!values.json) printTable(results);

function printLine(result: Result): void {
  const { benchmark, case: name, metric, unit, median, most, baseline, ratio, bar } = result;
  console.log(
    JSON.stringify({
      benchmark,
      case: name,
      metric,
      value: rounded(median),
      most: rounded(most),
      unit,
      baseline,
      ratio: ratio === null ? null : Math.round(ratio * 1_000) / 1_000,
      bar,
      reached: reaches(result) ?? null,
    }),
  );
}

function printTable(rows: readonly Result[]): void {
  const lines = rows.map((row) => [
    row.benchmark,
    row.case,
    row.metric,
    `${grouped(row.median)} ${row.unit}`,
    `${grouped(row.least)} – ${grouped(row.most)}`,
    row.ratio === null ? '' : percent(row.ratio),
    row.bar === null ? '' : `${barText(row.bar)}: ${reaches(row) ? 'reached' : 'missed'}`,
  ]);
  const table = [['benchmark', 'case', 'metric', 'median', 'least – most', 'of baseline', 'bar'], ...lines];
  const widths = (table[0] as string[]).map((_, column) =>
    Math.max(...table.map((line) => (line[column] as string).length)),
  );
  for (const line of table) {
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd(),
    );
  }
}

function barText(bar: Bar): string {
  const show = bar.of === 'ratio' ? percent : grouped;
  return 'atLeast' in bar ? `${bar.of} at least ${show(bar.atLeast)}` : `${bar.of} at most ${show(bar.atMost)}`;
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

function grouped(figure: number): string {
  return rounded(figure).toLocaleString('en-US');
}

/** Small figures keep two digits behind the point. */
function rounded(figure: number): number {
  return Math.abs(figure) < 100 ? Math.round(figure * 100) / 100 : Math.round(figure);
}
