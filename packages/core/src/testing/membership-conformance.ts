import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict';
import type { Membership } from '../ports/membership.js';
import { StatefulFunctionsError } from '../sdk/errors.js';

/** What a suite needs of its test runner: mocha's globals, which Vitest and Jest can give too. */
declare const describe: (title: string, suite: () => void) => void;
declare const it: (title: string, test: () => Promise<void>) => void;

/** An empty table, as one node sees it. */
export interface MembershipUnderTest {
  readonly membership: Membership;
  /** The same table as another node sees it, over a connection of its own; `membership` itself where there is no such thing. */
  readonly other?: Membership;
  readonly cleanup?: () => Promise<void>;
}

/**
 * Registers the tests that every `Membership` passes, with the test runner's global `describe` and `it`.
 *
 * ```ts
 * membershipConformance('MemoryMembership', async () => ({ membership: new MemoryMembership() }));
 * ```
 */
export function membershipConformance(name: string, make: () => Promise<MembershipUnderTest>): void {
  const test = (title: string, body: (membership: Membership, other: Membership) => Promise<void>) =>
    it(title, async () => {
      const { membership, other, cleanup } = await make();
      try {
        await body(membership, other ?? membership);
      } finally {
        await cleanup?.();
      }
    });

  describe(`${name} as a membership table`, () => {
    test('gives back what was written, with the revision of that write, to every node', async (membership, other) => {
      strictEqual(await membership.read('leader'), undefined);
      const revision = await create(membership, 'leader', 'a');
      ok(Number.isSafeInteger(revision) && revision > 0);
      for (const node of [membership, other]) {
        const row = await node.read('leader');
        strictEqual(textOf(row?.value), 'a');
        strictEqual(row?.revision, revision);
      }
    });

    test('holds every byte, no bytes, and 64 KiB of them', async (membership, other) => {
      const everyByte = Uint8Array.from({ length: 65_536 }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
      await membership.write('bytes', everyByte, 0);
      await membership.write('empty', new Uint8Array(0), 0);
      deepStrictEqual(plain((await other.read('bytes'))?.value), everyByte);
      const empty = await other.read('empty');
      deepStrictEqual(plain(empty?.value), new Uint8Array(0));
      strictEqual(await membership.write('empty', bytesOf('still a row'), 0), undefined);
      strictEqual(await membership.remove('empty', empty?.revision as number), true);
    });

    test('creates a row only where there is none', async (membership, other) => {
      const revision = await create(membership, 'row', 'first');
      strictEqual(await membership.write('row', bytesOf('second'), 0), undefined);
      strictEqual(await other.write('row', bytesOf('third'), 0), undefined);
      await expectRow(membership, 'row', 'first', revision);
    });

    test('writes a row only at the revision that it has', async (membership, other) => {
      const first = await create(membership, 'row', 'first');
      const second = await succeed(other.write('row', bytesOf('second'), first));
      ok(second > first);
      strictEqual(await membership.write('row', bytesOf('late'), first), undefined);
      const elsewhere = await create(membership, 'elsewhere', '');
      strictEqual(await membership.write('row', bytesOf('of another row'), elsewhere), undefined);
      await expectRow(membership, 'row', 'second', second);
      strictEqual(await membership.write('none', bytesOf('never was'), second), undefined);
      strictEqual(await membership.read('none'), undefined);
    });

    test('gives each write of a row a greater revision, though the value be the same', async (membership, other) => {
      let revision = 0;
      for (let write = 0; write < 10; write += 1) {
        const node = write % 2 === 0 ? membership : other;
        const next = await succeed(node.write('row', bytesOf('same'), revision));
        ok(next > revision);
        revision = next;
        await node.write('neighbour', bytesOf(`${write}`), (await node.read('neighbour'))?.revision ?? 0);
        strictEqual((await node.read('row'))?.revision, revision);
      }
    });

    test('lets one of 32 racers create a row', async (membership, other) => {
      const won = await race(32, (racer) => (racer % 2 ? membership : other).write('row', bytesOf(`${racer}`), 0));
      await expectRow(membership, 'row', `${won.winner}`, won.result as number);
    });

    test('lets one of 32 racers write at a revision', async (membership, other) => {
      const from = await create(membership, 'row', 'before');
      const won = await race(32, (racer) => (racer % 2 ? membership : other).write('row', bytesOf(`${racer}`), from));
      await expectRow(other, 'row', `${won.winner}`, won.result as number);
    });

    test('lets one of 32 racers write or remove at a revision', async (membership, other) => {
      const from = await create(membership, 'row', 'before');
      const won = await race<unknown>(32, (racer) => {
        const node = racer % 4 < 2 ? membership : other;
        return racer % 2 ? node.remove('row', from) : node.write('row', bytesOf(`${racer}`), from);
      });
      if (won.result === true) strictEqual(await membership.read('row'), undefined);
      else await expectRow(membership, 'row', `${won.winner}`, won.result as number);
    });

    test('loses no update of nodes that read, add and write until they succeed', async (membership, other) => {
      await create(membership, 'sum', '0');
      const add = async (node: Membership) => {
        for (;;) {
          const row = await node.read('sum');
          const sum = Number(textOf(row?.value)) + 1;
          if ((await node.write('sum', bytesOf(`${sum}`), row?.revision as number)) !== undefined) return;
        }
      };
      await Promise.all(Array.from({ length: 20 }, (_, at) => add(at % 2 ? membership : other)));
      strictEqual(textOf((await membership.read('sum'))?.value), '20');
    });

    test('removes a row only at the revision that it has, and once', async (membership, other) => {
      const first = await create(membership, 'row', 'first');
      const second = await succeed(membership.write('row', bytesOf('second'), first));
      strictEqual(await membership.remove('row', first), false);
      strictEqual(await other.remove('row', 0), false);
      await expectRow(membership, 'row', 'second', second);
      strictEqual(await other.remove('row', second), true);
      for (const node of [membership, other]) {
        strictEqual(await node.read('row'), undefined);
        deepStrictEqual(await node.list(''), []);
        strictEqual(await node.remove('row', second), false);
        strictEqual(await node.remove('row', 0), false);
        strictEqual(await node.remove('never/was', 0), false);
        strictEqual(await node.remove('never/was', second), false);
      }
    });

    test('creates a removed row again, at a revision that it never had', async (membership, other) => {
      let revision = await create(membership, 'row', 'same');
      for (let life = 0; life < 3; life += 1) {
        strictEqual(await membership.remove('row', revision), true);
        strictEqual(await membership.write('row', bytesOf('of a former life'), revision), undefined);
        strictEqual(await membership.read('row'), undefined);
        const next = await succeed(other.write('row', bytesOf('same'), 0));
        ok(next > revision);
        strictEqual(await membership.write('row', bytesOf('of a former life'), revision), undefined);
        strictEqual(await membership.remove('row', revision), false);
        await expectRow(membership, 'row', 'same', next);
        revision = next;
      }
    });

    test('lets one of 32 racers create a removed row again', async (membership, other) => {
      const from = await create(membership, 'row', 'before');
      await membership.remove('row', from);
      const won = await race(32, (racer) => (racer % 2 ? membership : other).write('row', bytesOf(`${racer}`), 0));
      ok((won.result as number) > from);
      await expectRow(other, 'row', `${won.winner}`, won.result as number);
    });

    test('lists rows by prefix, in order of their keys', async (membership, other) => {
      const keys = [
        'node/2',
        'node/10',
        'node/1',
        'node-old/1',
        'node_1',
        'NODE/1',
        'node',
        'my/node/1',
        'a/b/c/d',
        'a/b',
      ];
      const revisions = new Map<string, number>();
      for (const key of keys) revisions.set(key, await create(membership, key, `of ${key}`));
      const list = async (prefix: string) => {
        const rows = await other.list(prefix);
        for (const { key, value, revision } of rows) {
          strictEqual(textOf(value), `of ${key}`);
          strictEqual(revision, revisions.get(key));
        }
        return rows.map(({ key }) => key);
      };
      deepStrictEqual(await list(''), [...keys].sort());
      deepStrictEqual(await list('node/'), ['node/1', 'node/10', 'node/2']);
      deepStrictEqual(await list('node/1'), ['node/1', 'node/10']);
      deepStrictEqual(await list('node'), ['node', 'node-old/1', 'node/1', 'node/10', 'node/2', 'node_1']);
      deepStrictEqual(await list('a/b'), ['a/b', 'a/b/c/d']);
      deepStrictEqual(await list('a/b/c/d/'), []);
      deepStrictEqual(await list('none'), []);
      await membership.remove('node/10', revisions.get('node/10') as number);
      deepStrictEqual(await list('node/1'), ['node/1']);
    });

    test('keeps keys apart that look alike', async (membership) => {
      const keys = [
        'a',
        'A',
        'a/a',
        'a-a',
        'a_a',
        'aa',
        '-',
        '_',
        '0',
        'x'.repeat(256),
        'x'.repeat(255),
        `${'y/'.repeat(127)}yz`,
      ];
      for (const key of keys) await create(membership, key, `of ${key}`);
      for (const key of keys) strictEqual(textOf((await membership.read(key))?.value), `of ${key}`);
      strictEqual((await membership.list('')).length, keys.length);
    });

    test('shares no bytes with its callers', async (membership) => {
      const value = bytesOf('original');
      await membership.write('row', value, 0);
      value.fill(0);
      const read = await membership.read('row');
      strictEqual(textOf(read?.value), 'original');
      read?.value.fill(0);
      const [listed] = await membership.list('row');
      strictEqual(textOf(listed?.value), 'original');
      listed?.value.fill(0);
      const again = await membership.read('row');
      notStrictEqual(again?.value, read?.value);
      strictEqual(textOf(again?.value), 'original');
    });

    test('refuses keys that are none', async (membership) => {
      const keys = [
        '',
        '/',
        '/a',
        'a/',
        'a//b',
        '.',
        'a.b',
        'a b',
        'ä',
        'a\\b',
        'a\0',
        'a:b',
        'a*',
        '>',
        'a=',
        'x'.repeat(257),
      ];
      for (const key of keys) {
        await rejects(membership.read(key), isInvalidName, `read ${key}`);
        await rejects(membership.write(key, bytesOf('value'), 0), isInvalidName, `write ${key}`);
        await rejects(membership.remove(key, 1), isInvalidName, `remove ${key}`);
      }
      for (const prefix of ['/', 'a//', '*', 'a.', ' ']) {
        await rejects(membership.list(prefix), isInvalidName, `list ${prefix}`);
      }
    });
  });
}

function isInvalidName(error: unknown): boolean {
  return error instanceof StatefulFunctionsError && error.code === 'SF_INVALID_NAME';
}

async function succeed(write: Promise<number | undefined>): Promise<number> {
  const revision = await write;
  ok(revision !== undefined, 'the write was refused');
  return revision;
}

function create(membership: Membership, key: string, text: string): Promise<number> {
  return succeed(membership.write(key, bytesOf(text), 0));
}

async function expectRow(membership: Membership, key: string, text: string, revision: number): Promise<void> {
  const row = await membership.read(key);
  strictEqual(textOf(row?.value), text);
  strictEqual(row?.revision, revision);
}

/** Who of `racers` got something, and what; fails unless it was exactly one. */
async function race<T>(
  racers: number,
  run: (racer: number) => Promise<T>,
): Promise<{ readonly winner: number; readonly result: T }> {
  const results = await Promise.all(Array.from({ length: racers }, (_, racer) => run(racer)));
  const winners = [...results.entries()].filter(([, result]) => result !== undefined && result !== false);
  strictEqual(winners.length, 1, `${winners.length} of ${racers} racers won`);
  const [[winner, result]] = winners as [[number, T]];
  return { winner, result };
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
