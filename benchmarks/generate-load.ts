import { setTimeout as wait } from 'node:timers/promises';
import { Pool } from 'undici';
import { LatencyHistogram } from './latency-histogram.js';
import { type Load, type LoadResult, loadId } from './load.js';
import { SteadyLoad } from './steady-load.js';

const patienceMs = 60_000;

/** What runs in the process that makes the load. */
process.once('message', (load: Load) => {
  const loading = run(load).catch((error: unknown) => ({ failure: String(error) }));
  void loading.then((result) => process.send?.(result));
});

async function run(load: Load): Promise<LoadResult> {
  const pool = new Pool(load.url, { connections: load.callers, pipelining: 1, headersTimeout: patienceMs });
  let answered = 0;
  const ask = async (number: number) => {
    await request(pool, load, loadId(number % load.ids));
    answered += 1;
  };
  try {
    const figures = load.rate === undefined ? await askInTurn(load, ask) : await askSteadily(load, load.rate, ask);
    return { answered, ...figures };
  } finally {
    await pool.close();
  }
}

async function request(pool: Pool, { path, isOneWay = false }: Load, id: string): Promise<void> {
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: path.replace('{id}', id),
    headers: { 'content-type': 'application/json' },
    body: `{"name":"${id}","pages":["/","/about"]}`,
  });
  const text = await body.text();
  const isRight = isOneWay ? statusCode === 202 : statusCode === 200 && Number(text) > 0;
  if (!isRight) throw new Error(`${statusCode}: ${text}`);
}

type Ask = (number: number) => Promise<void>;
type LoadFigures = Pick<LoadResult, 'latencies' | 'perSecond'>;

/** So many callers, each of whom sends the next request when it has its answer. */
async function askInTurn({ callers, warmUpMs, measuredMs }: Load, ask: Ask): Promise<LoadFigures> {
  const fromMs = performance.now() + warmUpMs;
  const untilMs = fromMs + measuredMs;
  const histogram = new LatencyHistogram();
  let next = 0;
  const call = async () => {
    for (let nowMs = performance.now(); nowMs < untilMs; ) {
      await ask(next++);
      const thenMs = performance.now();
      if (nowMs >= fromMs && thenMs <= untilMs) histogram.record(thenMs - nowMs);
      nowMs = thenMs;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return { latencies: histogram.latencies(), perSecond: (histogram.count * 1_000) / measuredMs };
}

/** So many requests a second, whoever answers. */
async function askSteadily({ warmUpMs, measuredMs }: Load, rate: number, ask: Ask): Promise<LoadFigures> {
  const fromMs = performance.now() + warmUpMs;
  const untilMs = fromMs + measuredMs;
  const steady = new SteadyLoad(rate, ask);
  await wait(warmUpMs + measuredMs);
  await steady.stop();
  return { latencies: steady.between(fromMs, untilMs), perSecond: rate };
}
