import { readFileSync } from 'node:fs';
import { coreMetrics } from '@stateful-functions/core';
import { expect } from 'chai';
import { PrometheusMetrics } from '../src/index.js';
import { Site } from './site.js';

/** The samples of a text in the format of Prometheus: name and labels, and the value. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('PrometheusMetrics', () => {
  const textOf = async (metrics: PrometheusMetrics) => samplesOf(await metrics.text());

  it('keeps counters, gauges and distributions, with labels', async () => {
    const metrics = new PrometheusMetrics({ process: false, buckets: { size: [1, 10] } });
    metrics.count('calls_total');
    metrics.count('calls_total', 2);
    metrics.gauge('level', 3, { of: 'a' });
    metrics.gauge('level', 1, { of: 'a' });
    metrics.gauge('level', 2, { of: 'b"\n\\' });
    for (const size of [1, 5, 50]) metrics.observe('size', size);
    const samples = await textOf(metrics);
    expect(samples.get('calls_total')).to.equal(3);
    expect(samples.get('level{of="a"}')).to.equal(1);
    expect(samples.get('level{of="b\\"\\n\\\\"}')).to.equal(2);
    expect(samples.get('size_bucket{le="1"}')).to.equal(1);
    expect(samples.get('size_bucket{le="10"}')).to.equal(2);
    expect(samples.get('size_sum')).to.equal(56);
    expect(samples.get('sf_metrics_refused_total')).to.equal(0);
  });

  it('counts what Prometheus cannot hold, and fails nobody for it', async () => {
    const metrics = new PrometheusMetrics({ process: false });
    metrics.count('known', 1, { a: 'x' });
    metrics.gauge('known', 1);
    metrics.count('known', -1);
    metrics.count('known', 1, { b: 'x' });
    metrics.count('no name');
    metrics.gauge('level', 1, { 'no label': 'x' });
    metrics.observe('size', 'text' as never);
    const samples = await textOf(metrics);
    expect(samples.get('sf_metrics_refused_total')).to.equal(6);
    expect(samples.get('known{a="x"}')).to.equal(1);
  });

  it('keeps figures of the process, if they are wanted', async () => {
    expect([...(await textOf(new PrometheusMetrics())).keys()]).to.include('process_cpu_seconds_total');
    expect([...(await textOf(new PrometheusMetrics({ process: false }))).keys()]).to.deep.equal([
      'sf_metrics_refused_total',
    ]);
  });

  it('is what /metrics shows of an application', async () => {
    const metrics = new PrometheusMetrics();
    await using site = await Site.open({ metrics }, { metrics });
    for (let i = 0; i < 5; i += 1) await site.post('/v1/shop/log/a', i);
    await site.post('/v1/shop/cart/a/broken');
    await site.get('/v1/shop/none');
    let samples: Map<string, number>;
    do {
      const answer = await site.get('/metrics');
      expect(answer.headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/);
      samples = samplesOf(answer.text);
    } while (samples.get('sf_invocations_total{function="shop/cart"}') === undefined);
    expect(samples.get('sf_invocations_total{function="shop/log"}')).to.equal(5);
    expect(samples.get('sf_invocation_failures_total{function="shop/cart"}')).to.equal(1);
    expect(samples.get('sf_active_addresses{function="shop/log",worker="0"}')).to.equal(1);
    expect(samples.get('sf_dead_letters_total')).to.equal(1);
    expect(samples.get('sf_checkpoint_duration_seconds_count')).to.be.greaterThan(1);
    expect(samples.get('sf_event_loop_delay_seconds{quantile="0.99",worker="0"}')).to.be.at.least(0);
    expect(samples.get('sf_http_request_duration_seconds_count{method="POST",status="202"}')).to.equal(5);
    expect(samples.get('sf_http_request_duration_seconds_count{method="GET",status="405"}')).to.equal(undefined);
    expect(samples.get('sf_http_calls')).to.be.at.least(0);
    expect(samples.get('sf_metrics_refused_total')).to.equal(0);
  });

  it('sums what several worker threads record', async () => {
    const metrics = new PrometheusMetrics({ process: false });
    const shop = new URL('./shop.module.js', import.meta.url);
    await using site = await Site.open({ metrics }, { metrics, workers: 2 }, shop);
    const ids = Array.from({ length: 40 }, (_, number) => `id-${number}`);
    await Promise.all(ids.map((id) => site.post(`/v1/shop/log/${id}`, 1)));
    await site.app.stop();
    const samples = await textOf(metrics);
    expect(samples.get('sf_invocations_total{function="shop/log"}')).to.equal(40);
    const workers = [...samples.keys()].filter((key) => key.startsWith('sf_active_addresses{function="shop/log"'));
    expect(workers.length).to.be.at.least(2);
  });

  it('has its names in the documentation', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const documented = [...readme.matchAll(/^\| `(sf_\w+)` \|/gm)].map(([, name]) => name);
    expect(documented).to.have.members([
      ...Object.keys(coreMetrics),
      'sf_http_request_duration_seconds',
      'sf_http_calls',
      'sf_metrics_refused_total',
    ]);
  });
});
