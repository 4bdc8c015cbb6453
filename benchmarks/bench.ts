import { parseArgs } from 'node:util';
import { type Benchmark, type Result, runBenchmark } from './benchmark.js';
import { inProcesses } from './case-process.js';
import { benchmarks, peers } from './catalog.js';
import { EarlierRun } from './earlier-run.js';
import { findRestate } from './peers/restate-system.js';
import { lineOf, tableOf } from './report.js';

/**
 * `npm run bench -- [name…] [--peers] [--json] [--compare FILE]`: all benchmarks, or those named, one by one or by how their names
 * begin; with `--peers`, those that run on another system, too. A table for people, or one JSON object a line; with `--compare`,
 * each figure beside the one that FILE has, which holds the lines of an earlier run.
 */
const peersLimitMs = 15 * 60_000;
const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    compare: { type: 'string' },
  },
  allowPositionals: true,
});
const all = values.peers ? peers : benchmarks;
const { compare } = values;
const earlier = compare === undefined ? undefined : orRefuse(() => EarlierRun.read(compare));
const isCalled = (name: string) => (benchmark: Benchmark) =>
  benchmark.name === name || benchmark.name.startsWith(`${name}-`);
const unknown = positionals.filter((name) => !all.some(isCalled(name)));
if (unknown.length > 0) {
  refuse(`no benchmark is called ${unknown.join(', ')}; there are: ${all.map(({ name }) => name).join(', ')}`);
}
if (values.peers) orRefuse(findRestate);
const chosen = all.filter((one) => positionals.length === 0 || positionals.some((name) => isCalled(name)(one)));
const results: Result[] = [];
if (values.peers) setTimeout(giveUp, peersLimitMs).unref();
for (const benchmark of chosen) {
  await using processes = await inProcesses(benchmark);
  for (const result of await runBenchmark(processes)) {
    results.push(result);
    if (values.json) console.log(lineOf(result, earlier));
  }
}
if (!values.json) console.log(tableOf(results, earlier));

/** Cases that are under way end by themselves, and so do the systems that they have started. */
function giveUp(): never {
  if (!values.json) console.log(tableOf(results, earlier));
  console.error(
    `not done after ${peersLimitMs / 60_000} minutes: the machine has too much other work for figures to compare`,
  );
  process.exit(1);
}

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
