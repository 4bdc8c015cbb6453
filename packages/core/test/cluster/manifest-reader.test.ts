import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { encodeEntry, type LogEntry } from '../../src/checkpoint/manifest.js';
import { entryName } from '../../src/checkpoint/manifest-log.js';
import { lastCheckpointUntilEndOf } from '../../src/cluster/manifest-reader.js';

const header = (index: number, epoch: number) => ({
  ...{ index, epoch, token: `token ${index}`, previous: `token ${index - 1}`, logId: 'log', timeMs: 0 },
});

function epochAt(index: number, epoch: number, lastCheckpoint: number): LogEntry {
  return { kind: 'epoch', restoredFrom: undefined, incarnation: 'any', lastCheckpoint, ...header(index, epoch) };
}

function checkpointAt(index: number, epoch: number, checkpoint: number): LogEntry {
  return {
    ...{ kind: 'checkpoint', checkpoint, settings: { maxParallelism: 16, hash: 'hash', format: 2 } },
    ...{ applicationTimeMs: 0, segments: [], shapes: [], ingresses: {}, egresses: {}, parts: [], published: 0 },
    ...{ inlined: new Map(), condemned: [], ...header(index, epoch) },
  } as LogEntry;
}

async function logOf(...entries: LogEntry[]): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore();
  for (const entry of entries) await store.put(entryName(entry.index), encodeEntry(entry));
  return store;
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );
}

describe('The last checkpoint of an epoch that is over', () => {
  it('is told by the entry with which the next began, however many epochs came since', async () => {
    const store = await logOf(
      ...[epochAt(1, 1, 0), epochAt(7, 2, 5), epochAt(8, 3, 5), epochAt(20, 4, 16), checkpointAt(21, 4, 17)],
    );
    const found = await Promise.all([1, 2, 3].map((epoch) => lastCheckpointUntilEndOf(store, epoch)));
    expect(found).to.deep.equal([5, 5, 16]);
  });

  it('is not told by whoever began with an old listing, and won the name of an entry that was deleted', async () => {
    const store = await logOf(epochAt(1, 1, 0), epochAt(3, 2, 1), epochAt(9, 2, 7), checkpointAt(10, 2, 8));
    expect(await lastCheckpointUntilEndOf(store, 1)).to.equal(7);
  });

  it('is not known while no later epoch has begun', async () => {
    const store = await logOf(epochAt(1, 1, 0), checkpointAt(2, 1, 1));
    expect(await codeOf(lastCheckpointUntilEndOf(store, 1))).to.equal('SF_MISSING_BLOB');
  });
});
