import { expect } from 'chai';
import { type Case, type Figures, runBenchmark } from '../benchmark.js';

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
