import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict';
import type { BlobStore } from '../ports/blob-store.js';
import { StatefulFunctionsError } from '../sdk/errors.js';

/** What a suite needs of its test runner: mocha's globals, which Vitest and Jest can give too. */
declare const describe: (title: string, suite: () => void) => void;
declare const it: (title: string, test: () => Promise<void>) => void;

/** A fresh, empty store that is not opened yet. */
export interface BlobStoreUnderTest {
  readonly store: BlobStore;
  /** Removes whatever the store left; the suite has closed it by then. */
  readonly cleanup?: () => Promise<void>;
}

/**
 * Registers the tests that every `BlobStore` passes, with the test runner's global `describe` and `it`.
 *
 * ```ts
 * blobStoreConformance('MemoryBlobStore', async () => ({ store: new MemoryBlobStore() }));
 * ```
 */
export function blobStoreConformance(name: string, make: () => Promise<BlobStoreUnderTest>): void {
  const test = (title: string, body: (store: BlobStore) => Promise<void>) =>
    it(title, async () => {
      const { store, cleanup } = await make();
      try {
        await store.open?.();
        try {
          await body(store);
        } finally {
          await store.close?.();
        }
      } finally {
        await cleanup?.();
      }
    });

  describe(`${name} as a blob store`, () => {
    test('gives back what was put', async (store) => {
      strictEqual(await store.put('a/b.c-d_e', bytesOf('body')), true);
      strictEqual(textOf(await store.get('a/b.c-d_e')), 'body');
      strictEqual(await store.get('a/b.c'), undefined);
      strictEqual(await store.get('a'), undefined);
      strictEqual(await store.get('a/b.c-d_e/f'), undefined);
    });

    test('holds empty blobs and every byte', async (store) => {
      const everyByte = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 31) & 0xff);
      await store.put('empty', new Uint8Array(0));
      await store.put('bytes', everyByte);
      deepStrictEqual(plain(await store.get('empty')), new Uint8Array(0));
      deepStrictEqual(plain(await store.get('bytes')), everyByte);
    });

    test('joins a body that comes in pieces', async (store) => {
      strictEqual(await store.put('pieces', pieces('one ', '', 'two ', 'three')), true);
      strictEqual(textOf(await store.get('pieces')), 'one two three');
      strictEqual(await store.put('none', pieces()), true);
      strictEqual(textOf(await store.get('none')), '');
    });

    test('takes each piece before it asks for the next, so a body may reuse one buffer', async (store) => {
      async function* reusing() {
        const buffer = new Uint8Array(4);
        for (let piece = 1; piece <= 3; piece++) yield buffer.fill(piece);
      }
      await store.put('reused', reusing());
      deepStrictEqual(plain(await store.get('reused')), Uint8Array.of(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3));
    });

    test('never replaces a blob', async (store) => {
      strictEqual(await store.put('log/1', bytesOf('first')), true);
      strictEqual(await store.put('log/1', bytesOf('second')), false);
      strictEqual(await store.put('log/1', pieces('third')), false);
      strictEqual(textOf(await store.get('log/1')), 'first');
    });

    test('lets one of 32 racers win, and keeps the body of that one', async (store) => {
      const racers = Array.from({ length: 32 }, (_, racer) => `racer ${racer} `.repeat(100));
      const won = await Promise.all(
        racers.map((body, racer) => store.put('log/race', racer % 2 === 0 ? bytesOf(body) : pieces(body, ''))),
      );
      const winners = racers.filter((_, racer) => won[racer]);
      strictEqual(winners.length, 1);
      strictEqual(textOf(await store.get('log/race')), winners[0]);
    });

    test('shows a blob whole or not at all', async (store) => {
      let goOn = () => {};
      const told = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      async function* slowly() {
        yield bytesOf('half ');
        await told;
        yield bytesOf('whole');
      }
      const put = store.put('slow', slowly());
      strictEqual(await store.get('slow'), undefined);
      deepStrictEqual(await store.list(''), []);
      goOn();
      strictEqual(await put, true);
      strictEqual(textOf(await store.get('slow')), 'half whole');
    });

    test('leaves nothing of a body that fails', async (store) => {
      async function* failing() {
        yield bytesOf('half');
        throw new Error('the body failed');
      }
      await rejects(store.put('failed', failing()));
      strictEqual(await store.get('failed'), undefined);
      deepStrictEqual(await store.list(''), []);
      strictEqual(await store.put('failed', bytesOf('second attempt')), true);
    });

    test('reads ranges, cut at the end of the blob', async (store) => {
      await store.put('digits', bytesOf('0123456789'));
      const read = async (offset: number, length: number) => textOf(await store.get('digits', { offset, length }));
      strictEqual(await read(0, 10), '0123456789');
      strictEqual(await read(3, 4), '3456');
      strictEqual(await read(8, 100), '89');
      strictEqual(await read(0, Number.MAX_SAFE_INTEGER), '0123456789');
      strictEqual(await read(4, 0), '');
      strictEqual(await read(10, 1), '');
      strictEqual(await read(100, 1), '');
      strictEqual(await store.get('absent', { offset: 0, length: 1 }), undefined);
    });

    test('lists names by prefix, in order', async (store) => {
      const names = ['log/2', 'log/10', 'log/1', 'log-old/1', 'log.1', 'LOG/1', 'segments/a/b/c', 'segments/a.b'];
      for (const each of names) await store.put(each, bytesOf(each));
      deepStrictEqual(await store.list(''), [...names].sort());
      deepStrictEqual(await store.list('log/'), ['log/1', 'log/10', 'log/2']);
      deepStrictEqual(await store.list('log/1'), ['log/1', 'log/10']);
      deepStrictEqual(await store.list('log'), ['log-old/1', 'log.1', 'log/1', 'log/10', 'log/2']);
      deepStrictEqual(await store.list('segments/a'), ['segments/a.b', 'segments/a/b/c']);
      deepStrictEqual(await store.list('segments/a/b/c/'), []);
      deepStrictEqual(await store.list('none/'), []);
    });

    test('deletes, and succeeds when there is nothing to delete', async (store) => {
      await store.put('gone/1', bytesOf('1'));
      await store.put('gone/2', bytesOf('2'));
      await store.delete('gone/1');
      await store.delete('gone/1');
      await store.delete('never/was');
      strictEqual(await store.get('gone/1'), undefined);
      deepStrictEqual(await store.list(''), ['gone/2']);
      strictEqual(await store.put('gone/1', bytesOf('again')), true);
      strictEqual(textOf(await store.get('gone/1')), 'again');
    });

    test('shares no bytes with its callers', async (store) => {
      const body = bytesOf('original');
      await store.put('own', body);
      body.fill(0);
      const read = await store.get('own');
      strictEqual(textOf(read), 'original');
      read?.fill(0);
      (await store.get('own', { offset: 0, length: 4 }))?.fill(0);
      strictEqual(textOf(await store.get('own')), 'original');
    });

    test('refuses names that are none', async (store) => {
      const names = ['', '/', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/../b', 'a/.', 'a b', 'ä', 'a\\b', 'a\0', 'a:b'];
      for (const each of [...names, 'x'.repeat(256), `${'x/'.repeat(256)}x`]) {
        await rejects(store.put(each, bytesOf('body')), isInvalidName, `put ${each}`);
        await rejects(store.get(each), isInvalidName, `get ${each}`);
        await rejects(store.delete(each), isInvalidName, `delete ${each}`);
      }
      await rejects(store.list('../'), isInvalidName);
      await rejects(store.list('/'), isInvalidName);
    });
  });
}

function isInvalidName(error: unknown): boolean {
  return error instanceof StatefulFunctionsError && error.code === 'SF_INVALID_NAME';
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield bytesOf(text);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes);
}

/** Without the prototype that tells a Buffer from other bytes. */
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && Uint8Array.from(bytes);
}
