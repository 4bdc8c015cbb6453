import { parseArgs } from 'node:util';
import { type Benchmark, type Result, runBenchmark } from './benchmark.js';
import { inProcesses } from './case-process.js';
import { benchmarks } from './catalog.js';
import { EarlierRun } from './earlier-run.js';
import { lineOf, tableOf } from './report.js';

/**
 * `npm run bench -- [name…] [--json] [--compare FILE]`: all benchmarks, or those named, one by one or by how their names
 * begin. A table for people, or one JSON object a line; with `--compare`,
 * each figure beside the one that FILE has, which holds the lines of an earlier run.
 */
const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    compare: { type: 'string' },
  },
  allowPositionals: true,
});
const all = benchmarks;
const { compare } = values;
const earlier = compare === undefined ? undefined : orRefuse(() => EarlierRun.read(compare));
const isCalled = (name: string) => (benchmark: Benchmark) =>
  benchmark.name === name || benchmark.name.startsWith(`${name}-`);
const unknown = positionals.filter((name) => !all.some(isCalled(name)));
if (unknown.length > 0) {
  refuse(`no benchmark is called ${unknown.join(', ')}; there are: ${all.map(({ name }) => name).join(', ')}`);
}
const chosen = all.filter((one) => positionals.length === 0 || positionals.some((name) => isCalled(name)(one)));
const results: Result[] = [];
for (const benchmark of chosen) {
  await using processes = await inProcesses(benchmark);
  for (const result of await runBenchmark(processes)) {
    results.push(result);
    if (values.json) console.log(lineOf(result, earlier));
  }
}
if (!values.json) console.log(tableOf(results, earlier));

/** What a caller got wrong is said in a line. */
function orRefuse<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
