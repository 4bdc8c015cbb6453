import { expect } from 'chai';
import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import type { BlobStore } from '../../src/ports/blob-store.js';
import { type ErrorCode, StatefulFunctionsError } from '../../src/sdk/errors.js';
import type { Entry } from '../../src/state/entry.js';
import { compareBytes, recordKey } from '../../src/state/key.js';
import type { SegmentRef } from '../../src/state/segment.js';
import { SegmentWriter } from '../../src/state/segment-writer.js';

/** The entry of a record, for tests that care for ids and texts only; `undefined` for a tombstone. */
export function record(id: string, text: string | undefined, expiresAtMs?: number): Entry {
  return { key: keyOf(id), value: text === undefined ? undefined : new Uint8Array(Buffer.from(text)), expiresAtMs };
}

export function keyOf(id: string): Uint8Array {
  return recordKey(7, 'test/thing', id);
}

export function textOf(entry: Entry | undefined): string | undefined {
  return entry?.value === undefined ? undefined : Buffer.from(entry.value).toString();
}

/** The bytes of a segment with these entries, in whatever order they come. */
export function segmentOf(blob: string, entries: readonly Entry[]): { ref: SegmentRef; bytes: Uint8Array } {
  const writer = new SegmentWriter(blob);
  for (const entry of [...entries].sort((a, b) => compareBytes(a.key, b.key))) writer.add(entry);
  const { ref, chunks } = writer.finish();
  return { ref, bytes: new Uint8Array(Buffer.concat(chunks)) };
}

export async function putSegment(store: BlobStore, blob: string, entries: readonly Entry[]): Promise<SegmentRef> {
  const { ref, bytes } = segmentOf(blob, entries);
  expect(bytes.length).to.equal(ref.length);
  expect(await store.put(blob, bytes)).to.equal(true);
  return ref;
}

/** A store that counts what is read of each blob. */
export class CountingStore extends MemoryBlobStore {
  reads = 0;

  override get(...[name, range]: Parameters<MemoryBlobStore['get']>): Promise<Uint8Array | undefined> {
    this.reads += 1;
    return super.get(name, range);
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Expects `work` to fail with a coded error, and gives that error. */
export async function failure(code: ErrorCode, work: () => unknown): Promise<StatefulFunctionsError> {
  try {
    await work();
  } catch (error) {
    expect(error).to.be.instanceOf(StatefulFunctionsError);
    expect((error as StatefulFunctionsError).code, String(error)).to.equal(code);
    return error as StatefulFunctionsError;
  }
  return expect.fail(`nothing failed with ${code}`);
}
