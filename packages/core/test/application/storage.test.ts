import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import type { StartOptions } from '../../src/application/options.js';
import type { RunningApplication } from '../../src/application/running-application.js';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { JsonLinesSink } from '../../src/io/json-lines-sink.js';
import { JsonLinesSource } from '../../src/io/json-lines-source.js';
import { MemorySink } from '../../src/io/memory-sink.js';
import { MemorySource } from '../../src/io/memory-source.js';
import { silentLogger } from '../../src/ports/logger.js';
import { rejection } from '../checkpoint/coded.js';
import { FaultyBlobStore, failsAfter } from '../checkpoint/faulty-blob-store.js';
import { sumsOf, Tally, tallyModule, type Vote } from './tally.js';

const options = { logger: silentLogger, handleSignals: false } as const;

describe('An application and its store', () => {
  let directory: string;
  let source: MemorySource<Vote>;
  let sink: MemorySink<string>;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'store-'));
    source = new MemorySource();
    sink = new MemorySink();
  });

  afterEach(() => rm(directory, { recursive: true }));

  const start = (store: MemoryBlobStore | FaultyBlobStore, more: StartOptions = {}) =>
    Application.from(tallyModule({ source, sink })).start({
      ...options,
      ...more,
      checkpoints: { interval: '1h', ...more.checkpoints, store },
    });
  const startHere = (more: StartOptions = {}) =>
    Application.from(tallyModule({ source, sink })).start({ ...options, ...more, checkpoints: { directory } });

  it('refuses a directory that another application of this process uses', async () => {
    const first = await startHere();
    const error = await rejection('SF_LOCKED', startHere());
    expect(error.message).to.include(directory);
    await first.stop();
    await (await startHere()).stop();
  });

  it('refuses a store written with another maxParallelism, and leaves it as it was', async () => {
    const store = new MemoryBlobStore();
    const app = await start(store, { maxParallelism: 8 });
    await app.client.send(Tally.at('a'), 1);
    await app.stop();
    const blobs = await store.list('');
    const error = await rejection('SF_INCOMPATIBLE', start(store, { maxParallelism: 16 }));
    expect(error.message).to.include('Start with maxParallelism 8');
    expect(await store.list('')).to.deep.equal(blobs);
    await (await start(store, { maxParallelism: 8 })).stop();
  });

  it('is fenced by a second application on its store: it fails, and publishes nothing more', async () => {
    const store = new MemoryBlobStore();
    const first = await start(store);
    await first.client.send(Tally.at('a'), 1);
    await sink.whenCount(1);
    const later = new MemorySink<string>();
    const second = await Application.from(tallyModule({ source: new MemorySource(), sink: later })).start({
      ...options,
      checkpoints: { store },
    });
    source.push({ of: 'a', weight: 2 });
    await rejection('SF_FENCED', Promise.all([first.checkpoint(), first.checkpoint()]));
    await rejection('SF_FENCED', first.finished);
    await rejection('SF_STOPPED', first.client.send(Tally.at('a'), 1));
    expect(sink.values).to.deep.equal(['a 1']);
    await second.client.send(Tally.at('a'), 10);
    // The send is durable, which is not to say that it has been handled; its effect shows when it is.
    while (!later.values.includes('a 11')) await later.whenCount(later.records.length + 1);
    expect(await second.stateOf(Tally.at('a'))).to.deep.equal({ sum: 11 });
    await second.stop();
  });

  it('takes no checkpoint once it has stopped or failed', async () => {
    const store = new MemoryBlobStore();
    const app = await start(store);
    await app.client.send(Tally.at('a'), 1);
    app.fail(new Error('something that must not be'));
    const blobs = await store.list('');
    await rejection('SF_STOPPED', app.checkpoint());
    await app.finished.catch(() => undefined);
    await rejection('SF_STOPPED', app.savepoint('late'));
    expect(await store.list('')).to.deep.equal(blobs);
  });

  it('writes nothing when nothing changed', async () => {
    const store = new MemoryBlobStore();
    const app = await start(store);
    await app.client.send(Tally.at('a'), 1);
    await sink.whenCount(1);
    await app.checkpoint();
    await app.checkpoint(); // Records that what the first published is published.
    const { committed } = app.status.checkpoint;
    const blobs = await store.list('');
    for (let round = 0; round < 3; round += 1) await app.checkpoint();
    expect(await store.list('')).to.deep.equal(blobs);
    expect(app.status.checkpoint.committed).to.equal(committed);
    await app.stop();
    expect(await store.list('')).to.deep.equal(blobs);
  });

  it('survives an answer that was lost: a put that failed after it wrote', async () => {
    const store = new FaultyBlobStore(new MemoryBlobStore());
    const app = await start(store);
    store.next('put', async (proceed) => proceed(), failsAfter);
    await app.client.send(Tally.at('a'), 1);
    await app.client.send(Tally.at('a'), 2);
    await app.stop();
    const again = await start(store);
    expect(await again.stateOf(Tally.at('a'))).to.deep.equal({ sum: 3 });
    await again.stop();
    expect(sink.values).to.deep.equal(['a 1', 'a 3']);
  });

  it('keeps as many checkpoints as it is told to, and all that savepoints need', async () => {
    const store = new MemoryBlobStore();
    const app = await start(store, { checkpoints: { keep: 2 } });
    await app.client.send(Tally.at('kept'), 7);
    await app.savepoint('seven');
    const counts: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      await app.client.send(Tally.at('a'), 1);
      await app.checkpoint();
      counts.push((await store.list('')).length);
    }
    expect(Math.max(...counts.slice(20))).to.be.at.most(Math.max(...counts.slice(0, 20)));
    // Those of several checkpoints are deleted together.
    expect((await store.list('log/')).length).to.be.at.most(24);
    expect(await store.list('savepoints/')).to.deep.equal(['savepoints/seven']);
    await app.stop();
    const back = await start(store, { fromSavepoint: 'seven', checkpoints: { keep: 2 } });
    expect(await back.stateOf(Tally.at('kept'))).to.deep.equal({ sum: 7 });
    expect(await back.stateOf(Tally.at('a'))).to.deep.equal({ sum: 0 });
    await back.stop();
  });

  it('refuses to begin anew where the log is gone and what it told of is not', async () => {
    const store = new MemoryBlobStore();
    const app = await start(store);
    await app.client.send(Tally.at('a'), 1);
    await app.savepoint('one');
    await app.client.send(Tally.at('a'), 1);
    await app.stop();
    for (const name of await store.list('log/')) await store.delete(name);
    const blobs = await store.list('');
    const error = await rejection('SF_DAMAGED', start(store));
    expect(error.message).to.include('log/').and.to.include('savepoints/');
    expect(await store.list('')).to.deep.equal(blobs);
    const saved = await start(store, { fromSavepoint: 'one' });
    expect(await saved.stateOf(Tally.at('a'))).to.deep.equal({ sum: 1 });
    await saved.client.send(Tally.at('a'), 5);
    await saved.stop();
    const again = await start(store);
    expect(await again.stateOf(Tally.at('a'))).to.deep.equal({ sum: 6 });
    await again.stop();
  });

  it('refuses to begin anew where the log is gone and parts of it are not', async () => {
    const store = new MemoryBlobStore();
    const app = await start(store);
    await sendMuch(app);
    await app.stop();
    for (const name of await store.list('log/')) await store.delete(name);
    const error = await rejection('SF_DAMAGED', start(store));
    expect(error.message).to.include('log/').and.to.include('parts/');
  });

  it('has no blobs but the log where there is little to store, and goes on from that', async () => {
    const store = new MemoryBlobStore();
    const app = await start(store);
    for (let round = 1; round <= 50; round += 1) {
      await app.client.send(Tally.at(`v${round % 3}`), round);
      expect((await store.list('')).filter((name) => !name.startsWith('log/'))).to.deep.equal([]);
    }
    await app.savepoint('fifty');
    await app.client.send(Tally.at('v0'), 1_000);
    await app.stop();
    for (const [fromSavepoint, more] of [[undefined, 1_000] as const, ['fifty', 0] as const]) {
      const again = await start(store, fromSavepoint === undefined ? {} : { fromSavepoint });
      expect(await again.stateOf(Tally.at('v0'))).to.deep.equal({ sum: 408 + more });
      expect(await again.stateOf(Tally.at('v1'))).to.deep.equal({ sum: 425 });
      expect(await again.stateOf(Tally.at('v2'))).to.deep.equal({ sum: 442 });
      await again.stop();
    }
  });

  it('refuses to go on when a part that a checkpoint needs is gone', async () => {
    const store = new MemoryBlobStore();
    const app = await start(store);
    await sendMuch(app);
    await app.stop();
    const parts = await store.list('parts/');
    expect(parts).not.to.deep.equal([]);
    for (const name of parts) await store.delete(name);
    await rejection(
      'SF_MISSING_BLOB',
      start(store).then(async (again) => {
        source.push({ of: 'a0', weight: 1 });
        await again.finished;
      }),
    );
  });

  it('goes back to a savepoint: state, the file that is read and the file that is written, exactly', async () => {
    const input = join(directory, 'votes.jsonl');
    const output = join(directory, 'totals.jsonl');
    const cast = Array.from({ length: 50 }, (_, n): Vote => ({ of: `v${n % 7}`, weight: n }));
    const lines = (votes: readonly Vote[]) => votes.map((vote) => `${JSON.stringify(vote)}\n`).join('');
    await writeFile(input, lines(cast.slice(0, 20)));
    const run = (fromSavepoint?: string, follow = false) =>
      Application.from(
        tallyModule({
          source: new JsonLinesSource({ path: input, follow }),
          sink: new JsonLinesSink({ path: output }),
        }),
      ).start({
        ...options,
        ...(fromSavepoint === undefined ? {} : { fromSavepoint }),
        checkpoints: { directory: join(directory, 'state') },
      });
    const written = async () =>
      (await readFile(output, 'utf8'))
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as string);

    await (await run()).finished;
    const second = await run(undefined, true);
    await second.savepoint('twenty');
    await rejection('SF_SAVEPOINT_EXISTS', second.savepoint('twenty'));
    await second.stop();
    await appendFile(input, lines(cast.slice(20)));
    await (await run()).finished;
    expect(sorted(await written())).to.deep.equal(sorted(sumsOf(cast)));

    const unknown = await rejection('SF_UNKNOWN_SAVEPOINT', run('thirty'));
    expect(unknown.message).to.include('twenty');

    const other = cast.slice(0, 20).concat(cast.slice(20).reverse());
    await writeFile(input, lines(other));
    await (await run('twenty')).finished;
    expect(sorted(await written())).to.deep.equal(sorted(sumsOf(other)));
    await (await run()).finished;
    expect(await written()).to.have.length(50);
  });
});

/** More than a manifest has room for. */
async function sendMuch({ client }: RunningApplication): Promise<void> {
  await Promise.all(Array.from({ length: 3_000 }, (_, n) => client.send(Tally.at(`a${n}`), 1)));
}

function sorted(values: readonly string[]): string[] {
  return [...values].sort();
}
