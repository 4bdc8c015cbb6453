import { parseArgs } from 'node:util';
import { type Result, runBenchmark } from './benchmark.js';
import { inProcesses } from './case-process.js';
import { benchmarks } from './catalog.js';

/** `npm run bench -- [name…] [--json]`: all benchmarks, or those named; a table for people, or one JSON object a line. */
const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => benchmarks.every((benchmark) => benchmark.name !== name));
if (unknown.length > 0) {
  console.error(
    `no benchmark is called ${unknown.join(', ')}; there are: ${benchmarks.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}
const chosen = positionals.length === 0 ? benchmarks : benchmarks.filter(({ name }) => positionals.includes(name));
const results: Result[] = [];
for (const benchmark of chosen) {
  using processes = inProcesses(benchmark);
  for (const result of await runBenchmark(processes)) {
    results.push(result);
    if (values.json) printLine(result);
  }
}
if (!values.json) printTable(results);

function printLine({ benchmark, case: name, metric, unit, median, baseline, ratio }: Result): void {
  console.log(
    JSON.stringify({
      benchmark,
      case: name,
      metric,
      value: Math.round(median),
      unit,
      baseline,
      ratio: ratio === null ? null : round(ratio),
    }),
  );
}

function printTable(rows: readonly Result[]): void {
  const lines = rows.map(({ benchmark, case: name, metric, unit, median, least, most, ratio }) => [
    benchmark,
    name,
    metric,
    `${grouped(median)} ${unit}`,
    `${grouped(least)} – ${grouped(most)}`,
    ratio === null ? 'baseline' : `${(ratio * 100).toFixed(1)} %`,
  ]);
  const table = [['benchmark', 'case', 'metric', 'median', 'least – most', 'of baseline'], ...lines];
  const widths = (table[0] as string[]).map((_, column) =>
    Math.max(...table.map((line) => (line[column] as string).length)),
  );
  for (const line of table) console.log(line.map((cell, column) => cell.padEnd(widths[column] as number)).join('  '));
}

function grouped(figure: number): string {
  return Math.round(figure).toLocaleString('en-US');
}

function round(ratio: number): number {
  return Math.round(ratio * 1_000) / 1_000;
}
