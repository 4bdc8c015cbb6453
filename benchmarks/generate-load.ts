import { Pool } from 'undici';
import type { Load, LoadResult } from './load.js';

/** What runs in the process that makes the load: so many callers, each of whom sends the next request when it has its answer. */
process.once('message', (load: Load) => void run(load).then((result) => process.send?.(result)));

async function run({ url, path, operation, callers, ids, warmUpMs, measuredMs }: Load): Promise<LoadResult> {
  const pool = new Pool(url, { connections: callers, pipelining: 1 });
  const startMs = performance.now();
  const fromMs = startMs + warmUpMs;
  const untilMs = fromMs + measuredMs;
  const latenciesMs: number[] = [];
  let answered = 0;
  let next = 0;

  const call = async () => {
    for (let nowMs = performance.now(); nowMs < untilMs; ) {
      const id = `visitor-${next++ % ids}`;
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: operation === undefined ? `${path}/${id}` : `${path}/${id}/${operation}`,
        headers: { 'content-type': 'application/json' },
        body: `{"name":"${id}","pages":["/","/about"]}`,
      });
      const text = await body.text();
      const isAnswer = statusCode === 200 ? Number(text) > 0 : statusCode === 202 && operation === undefined;
      if (!isAnswer) throw new Error(`${statusCode}: ${text}`);
      answered += 1;
      const thenMs = performance.now();
      if (nowMs >= fromMs && thenMs <= untilMs) latenciesMs.push(thenMs - nowMs);
      nowMs = thenMs;
    }
  };
  try {
    await Promise.all(Array.from({ length: callers }, call));
  } catch (error) {
    return { failure: String(error), answered, p50Ms: 0, p99Ms: 0, perSecond: 0 };
  } finally {
    await pool.close();
  }
  latenciesMs.sort((a, b) => a - b);
  const quantile = (q: number) => latenciesMs[Math.floor((latenciesMs.length - 1) * q)] as number;
  return {
    failure: undefined,
    answered,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    perSecond: (latenciesMs.length * 1_000) / measuredMs,
  };
}
