import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Result } from '../benchmark.js';
import { EarlierRun } from '../earlier-run.js';
import { lineOf, tableOf } from '../report.js';

const result: Result = {
  benchmark: 'sums',
  case: 'ours',
  metric: 'sums',
  unit: '1/s',
  median: 1_200,
  least: 1_100,
  most: 1_300,
  baseline: 'floor',
  ratio: 0.5,
  bar: null,
};

describe('EarlierRun', () => {
  it('tells what became of each figure, and of its ratio, from the lines that a run prints', () => {
    const before = [
      { ...result, median: 1_000, ratio: 0.4 },
      { ...result, case: 'floor', median: 3_000, baseline: null, ratio: null },
    ];
    const earlier = EarlierRun.parse(`${before.map((one) => lineOf(one)).join('\n')}\n`, 'before.jsonl');
    const change = earlier.changeOf(result);
    expect(change).to.include({ value: 1_000, ratio: 0.4 });
    expect(change?.change).to.be.closeTo(0.2, 1e-9);
    expect(change?.ratioChange).to.be.closeTo(0.25, 1e-9);
    const floor: Result = { ...result, case: 'floor', median: 1_500, baseline: null, ratio: null };
    expect(earlier.changeOf(floor)).to.deep.equal({ value: 3_000, change: -0.5, ratio: null, ratioChange: null });
  });

  it('knows nothing of a figure that was not there, or was in another unit', () => {
    const earlier = EarlierRun.parse(lineOf(result), 'before.jsonl');
    expect(earlier.changeOf({ ...result, case: 'theirs' })).to.equal(undefined);
    expect(earlier.changeOf({ ...result, metric: 'sums p99' })).to.equal(undefined);
    expect(earlier.changeOf({ ...result, unit: 'ms' })).to.equal(undefined);
  });

  it('tells no change from zero', () => {
    const earlier = EarlierRun.parse(lineOf({ ...result, median: 0, ratio: 0 }), 'before.jsonl');
    expect(earlier.changeOf(result)).to.deep.equal({ value: 0, change: null, ratio: 0, ratioChange: null });
  });

  it('keeps small ratios exactly enough to compare them', () => {
    const small = { ...result, ratio: 0.00123 };
    expect(EarlierRun.parse(lineOf(small), 'before.jsonl').changeOf(small)?.ratioChange).to.equal(0);
  });

  it('refuses what is no line of an earlier run, and names the line', () => {
    const good = lineOf(result);
    for (const bad of ['greeter 430,000', '[]', 'null', '{"benchmark":"sums"}', good.replace('1200', '"many"')]) {
      expect(() => EarlierRun.parse(`${good}\n${bad}\n`, 'before.jsonl'), bad).to.throw(
        /^before\.jsonl:2 is no figure of an earlier run: .* Name a file with/,
      );
    }
    expect(() => EarlierRun.parse('\n', 'before.jsonl')).to.throw('before.jsonl is empty');
  });

  it('stands beside the figures, in the table and in the lines', () => {
    const earlier = EarlierRun.parse(lineOf({ ...result, median: 1_000, ratio: 0.625 }), 'before.jsonl');
    const [titles, row, other] = tableOf([result, { ...result, case: 'new' }], earlier).split('\n');
    expect(titles).to.match(/ earlier +change +of baseline earlier +change$/);
    expect(row).to.match(/1,200 1\/s .* 50\.0 % +1,000 +\+20\.0 % +62\.5 % +-20\.0 %$/);
    expect(other).to.match(/ none$/);
    const { earlier: said } = JSON.parse(lineOf(result, earlier));
    expect(said).to.deep.include({ value: 1_000, ratio: 0.625 });
    expect(JSON.parse(lineOf(result))).not.to.have.property('earlier');
  });

  describe('of the command', () => {
    const bench = fileURLToPath(new URL('../bench.js', import.meta.url));
    let directory: string;

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'earlier-run-'));
    });

    after(() => rm(directory, { recursive: true }));

    function refusalOf(file: string): Promise<{ code: unknown; said: string }> {
      return new Promise((resolve) => {
        execFile(process.execPath, [bench, 'greeter', '--compare', file], (error, _out, said) =>
          resolve({ code: error?.code, said }),
        );
      });
    }

    it('is refused before anything runs if it is not there, or is something else', async () => {
      const missing = join(directory, 'missing.jsonl');
      const absent = await refusalOf(missing);
      expect(absent.code).to.equal(2);
      expect(absent.said).to.contain(`${missing} cannot be read: ENOENT`).and.contain('bench --silent -- --json');
      const table = join(directory, 'table.txt');
      await writeFile(table, tableOf([result]));
      const wrong = await refusalOf(table);
      expect(wrong.code).to.equal(2);
      expect(wrong.said).to.contain(`${table}:1 is no figure of an earlier run`);
    });
  });
});
