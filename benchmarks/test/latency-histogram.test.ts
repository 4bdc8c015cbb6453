import { expect } from 'chai';
import fc from 'fast-check';
import { inMicroseconds, LatencyHistogram } from '../latency-histogram.js';

describe('LatencyHistogram', () => {
  it('tells quantiles of a known distribution', () => {
    const histogram = new LatencyHistogram();
    for (let latencyMs = 10_000; latencyMs >= 1; latencyMs -= 1) histogram.record(latencyMs);
    const { p50, p90, p99, 'p99.9': p999, max } = histogram.latencies();
    expect(histogram.count).to.equal(10_000);
    expect(p50).to.be.closeTo(5_000, 5);
    expect(p90).to.be.closeTo(9_000, 9);
    expect(p99).to.be.closeTo(9_900, 10);
    expect(p999).to.be.closeTo(9_990, 10);
    expect(max).to.be.closeTo(10_000, 10);
  });

  it('is within a thousandth of what sorting tells, or a microsecond, whatever is recorded', () => {
    const latencyMs = fc.double({ min: 0, max: 60_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(latencyMs, { minLength: 1, maxLength: 200 }), (recorded) => {
        const histogram = new LatencyHistogram();
        for (const one of recorded) histogram.record(one);
        const sorted = [...recorded].sort((a, b) => a - b);
        const { p50, p99, max } = histogram.latencies();
        for (const [told, share] of [[p50, 0.5] as const, [p99, 0.99] as const, [max, 1] as const]) {
          const exact = sorted[Math.ceil(sorted.length * share) - 1] as number;
          expect(told).to.be.closeTo(exact, exact / 1_000 + 0.001);
        }
      }),
    );
  });

  it('holds what takes longer than it can tell apart, and what takes no time', () => {
    const histogram = new LatencyHistogram();
    histogram.record(0);
    histogram.record(Number.MAX_SAFE_INTEGER);
    const { p50, max } = histogram.latencies();
    expect(p50).to.equal(0.001);
    expect(max).to.be.closeTo(15 * 60_000, 15 * 60);
  });

  it('has no figures of nothing', () => {
    expect(() => new LatencyHistogram().latencies()).to.throw('no request was answered');
  });

  it('gives figures in microseconds', () => {
    const latencies = { p50: 1, p90: 2, p99: 3, 'p99.9': 4, max: 5 };
    expect(inMicroseconds(latencies)).to.deep.equal({ p50: 1_000, p90: 2_000, p99: 3_000, 'p99.9': 4_000, max: 5_000 });
  });
});
