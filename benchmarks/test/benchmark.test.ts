import { expect } from 'chai';
import { type Bar, type Case, type Figures, reaches, runBenchmark } from '../benchmark.js';

describe('runBenchmark', () => {
  it('takes turns, leaves the first round out, and compares within a round', async () => {
    const turns: string[] = [];
    const results = await runBenchmark({
      name: 'sums',
      metric: 'sums',
      unit: '1/s',
      baseline: 'floor',
      cases: [
        scripted('floor', [1, 100, 200, 400, 800, 1_600], turns),
        scripted('ours', [1, 50, 120, 100, 400, 1_440], turns),
      ],
    });
    expect(turns.join(' ')).to.equal(Array<string>(6).fill('floor ours').join(' '));
    const common = { benchmark: 'sums', metric: 'sums', unit: '1/s' };
    expect(results).to.deep.equal([
      { ...common, case: 'floor', median: 400, least: 100, most: 1_600, baseline: null, ratio: null, bar: null },
      // The ratios of the rounds are 0.5, 0.6, 0.25, 0.5 and 0.9.
      { ...common, case: 'ours', median: 120, least: 50, most: 1_440, baseline: 'floor', ratio: 0.5, bar: null },
    ]);
  });

  it('reports each figure of a case that has several, and compares it with the same of the baseline', async () => {
    const turns: string[] = [];
    const latencies = (figures: number[]) => figures.map((p50) => ({ p50, max: p50 * 10 }));
    const results = await runBenchmark({
      name: 'calls',
      metric: 'latency',
      unit: 'µs',
      baseline: 'quiet',
      cases: [
        scripted('quiet', latencies([1, 2, 2, 2, 2, 2]), turns),
        scripted('busy', latencies([1, 3, 4, 5, 6, 7]), turns),
      ],
    });
    expect(results.map(({ case: name, metric, median, ratio }) => [name, metric, median, ratio])).to.deep.equal([
      ['quiet', 'latency p50', 2, null],
      ['quiet', 'latency max', 20, null],
      ['busy', 'latency p50', 5, 2.5],
      ['busy', 'latency max', 50, 2.5],
    ]);
  });

  it('names the unit of each figure, compares what the baseline has as well, and bars the figure that the bar is for', async () => {
    const ours = scripted('ours', [{ '': 50, size: 7 }], []);
    const results = await runBenchmark({
      name: 'runs',
      metric: 'runs',
      unit: '1/s',
      units: { size: 'MB' },
      baseline: 'floor',
      repetitions: 1,
      warmUp: false,
      cases: [scripted('floor', [100], []), Object.assign(ours, { bar: { of: 'ratio', figure: '', atLeast: 0.4 } })],
    });
    expect(
      results.map(({ metric, unit, median, ratio, bar }) => [metric, unit, median, ratio, bar !== null]),
    ).to.deep.equal([
      ['runs', '1/s', 100, null, false],
      ['runs', '1/s', 50, 0.5, true],
      ['runs size', 'MB', 7, null, false],
    ]);
  });

  it('counts as often as the benchmark says, and needs no baseline', async () => {
    const turns: string[] = [];
    const [result, ...others] = await runBenchmark({
      name: 'kills',
      metric: 'outage',
      unit: 'ms',
      repetitions: 3,
      cases: [scripted('one', [9_000, 1, 3, 2], turns)],
    });
    expect(turns).to.have.lengthOf(4);
    expect(others).to.have.lengthOf(0);
    expect(result).to.include({ median: 2, most: 3, baseline: null, ratio: null });
  });

  it('tells whether a result reaches its bar', async () => {
    const run = async (bar: Bar) => {
      const ours = Object.assign(scripted('ours', [0, 10, 20, 60], []), { bar });
      const cases = [scripted('floor', [0, 20, 20, 20], []), ours];
      const results = await runBenchmark({
        name: 'bars',
        metric: 'sums',
        unit: '1/s',
        baseline: 'floor',
        repetitions: 3,
        cases,
      });
      expect(reaches(results[0] as (typeof results)[number])).to.equal(undefined);
      return reaches(results[1] as (typeof results)[number]);
    };
    expect(await run({ of: 'median', atLeast: 20 })).to.equal(true);
    expect(await run({ of: 'median', atLeast: 21 })).to.equal(false);
    expect(await run({ of: 'most', atMost: 60 })).to.equal(true);
    expect(await run({ of: 'most', atMost: 59 })).to.equal(false);
    expect(await run({ of: 'ratio', atMost: 1 })).to.equal(true);
    expect(await run({ of: 'ratio', atLeast: 1.1 })).to.equal(false);
  });
});

/** A case whose runs give the figures in turn: an object that knows itself, as processes do. */
function scripted<F extends number | Figures>(name: string, figures: F[], turns: string[]): Case {
  return new Scripted(name, figures, turns);
}

class Scripted<F extends number | Figures> implements Case {
  constructor(
    readonly name: string,
    private readonly figures: F[],
    private readonly turns: string[],
  ) {}

  async run(): Promise<F> {
    this.turns.push(this.name);
    return this.figures.shift() as F;
  }
}
