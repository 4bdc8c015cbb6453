import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { JsonLinesSource, type JsonLinesSourceOptions } from '../../src/io/json-lines-source.js';
import type { FileSystem } from '../../src/ports/file-system.js';
import type { IngressReader, IngressRecord } from '../../src/ports/ingress-source.js';
import type { Position } from '../../src/ports/position.js';
import { ingressSourceConformance } from '../../src/testing/ingress-source-conformance.js';
import { SimulatedDisk } from '../../src/testing/simulated-disk.js';
import { connectorServices } from './connector-services.js';
import { appendText, writeText } from './text-file.js';

const path = 'in.jsonl';

ingressSourceConformance('JsonLinesSource on the host', async (values, ends) => {
  const directory = await mkdtemp(join(tmpdir(), 'json-lines-'));
  const file = join(directory, path);
  await writeFile(file, linesOf(values));
  return {
    source: new JsonLinesSource({ path: file, follow: !ends }),
    services: connectorServices(),
    append: (more) => appendFile(file, linesOf(more)),
    cleanup: () => rm(directory, { recursive: true }),
  };
});

ingressSourceConformance('JsonLinesSource on a simulated disk', async (values, ends) => {
  const disk = new SimulatedDisk();
  await writeText(disk, path, linesOf(values));
  return {
    source: new JsonLinesSource({ path, follow: !ends }),
    services: connectorServices(disk),
    append: (more) => appendText(disk, path, linesOf(more)),
  };
});

describe('JsonLinesSource', () => {
  it('names the line of what is malformed, and goes on', async () => {
    const long = `"${'x'.repeat(300)}`;
    const records = await allOf(`1\n{"a":\n\n  \n${long}\n5\n{"a":1} x\n`);
    expect(textOf(records)).to.deep.equal([
      '1',
      'line 2: {"a":',
      `line 5: ${long.slice(0, 200)}…`,
      '5',
      'line 7: {"a":1} x',
    ]);
    expect(records[1])
      .to.have.nested.property('malformed.reason')
      .that.matches(/^the line is not valid JSON: /);
  });

  it('takes CRLF, a byte order mark, and a last line without its end', async () => {
    expect(textOf(await allOf('\uFEFF1\r\n\r\n"a\\r"\r\n3'))).to.deep.equal(['1', '"a\\r"', '3']);
    expect(textOf(await allOf('\uFEFF\n1\n'))).to.deep.equal(['1']);
  });

  it('finds bytes that are not UTF-8, and only their line', async () => {
    const bytes = Buffer.concat([
      Buffer.from('"ä"\n"'),
      Buffer.from([0xff, 0xc3]),
      Buffer.from('"\n"ö"\n"'),
      Buffer.from([0xc3]),
    ]);
    const records = await allOf(bytes);
    expect(textOf(records)).to.deep.equal(['"ä"', 'line 2: "\uFFFD\uFFFD"', '"ö"', 'line 4: "\uFFFD']);
    expect(records[1]).to.have.nested.property('malformed.reason', 'the line is not valid UTF-8');
  });

  it('bounds the length of a line', async () => {
    const lines = [
      '"short"',
      `"${'x'.repeat(1_000_000)}"`,
      '"next"',
      `"${'y'.repeat(99)}"`,
      `"${'z'.repeat(98)}"`,
      `"${'v'.repeat(700_000)}"`,
    ];
    const records = await allOf(lines.join('\n'), { maxLineBytes: 100 });
    expect(textOf(records).map((text) => text.slice(0, 14))).to.deep.equal([
      '"short"',
      'line 2: "xxxxx',
      '"next"',
      'line 4: "yyyyy',
      `"${'z'.repeat(13)}`,
      'line 6: "vvvvv',
    ]);
    expect(records[1]).to.have.nested.property('malformed.reason', 'the line is longer than 100 bytes');
    expect(await codeOf(async () => new JsonLinesSource({ path, maxLineBytes: 0 }))).to.equal('SF_INVALID_OPTION');
  });

  it('reads the same however the file comes in pieces', async () => {
    const line = fc.oneof(
      fc.json(),
      fc.constantFrom('', ' ', '{"half', '"ä€😀"', '\uFEFF1'),
      fc.string({ unit: 'grapheme' }),
    );
    const ending = fc.constantFrom('\n', '\r\n');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(line, ending)), fc.boolean(), fc.nat(40), async (lines, isEnded, stop) => {
        const text = lines.map(([content, end]) => content.replaceAll(/[\r\n]/g, '') + end).join('');
        const bytes = Buffer.from(isEnded ? text : text.trimEnd());
        const whole = await allOf(bytes);
        const disk = new SimulatedDisk();
        await writeText(disk, path, bytes);
        const reader = await opened(inPieces(disk, 3), {});
        expect(await toEnd(reader)).to.deep.equal(whole);
        // Every position leads to the same rest.
        const at = Math.min(stop, whole.length - 1);
        const rest = await toEnd(await opened(disk, {}, whole[at]?.position));
        expect(rest).to.deep.equal(whole.slice(at + 1));
      }),
    );
  });

  it('goes on behind lines appended later, also behind a last line that had no end', async () => {
    const disk = new SimulatedDisk();
    await writeText(disk, path, '1\n2');
    let position = (await toEnd(await opened(disk, {}))).at(-1)?.position;
    expect(position).to.include({ offset: 3, line: 2 });
    await appendText(disk, path, '\nx\n');
    const appended = await toEnd(await opened(disk, {}, position));
    expect(textOf(appended)).to.deep.equal(['line 3: x']);
    position = appended.at(-1)?.position;
    await appendText(disk, path, '4\ny');
    expect(textOf(await toEnd(await opened(disk, {}, position)))).to.deep.equal(['4', 'line 5: y']);
  });

  it('refuses a file that was cut, replaced or removed since', async () => {
    const disk = new SimulatedDisk();
    const lines = linesOf(Array.from({ length: 100 }, (_, n) => `value ${n}`));
    await writeText(disk, path, lines);
    const records = await toEnd(await opened(disk, {}));
    const reopen = (at: number) => codeOf(async () => (await opened(disk, {}, records[at]?.position)).close());
    expect(await reopen(99)).to.equal('no error');

    await writeText(disk, path, 'X', 20);
    expect(await reopen(99)).to.equal('SF_SOURCE_POSITION');
    expect(await reopen(0), 'what was read before the change is unchanged').to.equal('no error');

    const file = await disk.open(path, 'update');
    await file.truncate(400);
    expect(await reopen(99)).to.equal('SF_SOURCE_POSITION');
    await disk.unlink(path);
    expect(await reopen(0)).to.equal('SF_SOURCE_POSITION');
  });

  it('says how to mend a file that is absent or unreadable', async () => {
    const disk = new SimulatedDisk();
    const error: unknown = await opened(disk, {}).catch((thrown) => thrown);
    expect(error).to.have.property('code', 'SF_SOURCE');
    expect(error).to.have.property('message').that.includes('follow: true');
    await writeText(disk, path, '1\n');
    disk.failNext('open', 'EACCES');
    expect(await codeOf(() => opened(disk, {}))).to.equal('SF_SOURCE');
    const reader = await opened(disk, {});
    disk.failNext('read', 'EIO');
    expect(await codeOf(() => reader.read(1))).to.equal('SF_SOURCE');
  });

  it('begins at the end of the file when told to, with the right line numbers', async () => {
    const disk = new SimulatedDisk();
    await writeText(disk, path, '1\n2\n');
    const reader = await opened(disk, { from: 'end', follow: true });
    await appendText(disk, path, 'x\n4\n');
    const records = await reader.read(10);
    expect(textOf(records ?? [])).to.deep.equal(['line 3: x', '4']);
    await reader.close();
    const again = await opened(disk, { from: 'end' }, records?.[0]?.position);
    expect(textOf(await toEnd(again))).to.deep.equal(['4']);
  });

  describe('that follows', () => {
    it('waits for the file, and for the end of a line', async () => {
      const disk = new SimulatedDisk();
      const reader = await opened(disk, { follow: true });
      const first = reader.read(10);
      await writeText(disk, path, '1\n{"a"');
      expect(textOf((await first) ?? [])).to.deep.equal(['1']);
      const second = reader.read(10);
      await appendText(disk, path, ':2}');
      await appendText(disk, path, '\n');
      expect(textOf((await second) ?? [])).to.deep.equal(['{"a":2}']);
      await reader.close();
    });

    it('reports a file that is cut under it, or another one of its name', async () => {
      for (const change of ['cut', 'replaced'] as const) {
        const disk = new SimulatedDisk();
        await writeText(disk, path, '11\n22\n');
        const reader = await opened(disk, { follow: true });
        await reader.read(10);
        const waiting = codeOf(() => reader.read(10));
        if (change === 'cut') await (await disk.open(path, 'update')).truncate(3);
        else {
          await disk.unlink(path);
          await writeText(disk, path, '33\n44\n55\n');
        }
        expect(await waiting, change).to.equal('SF_SOURCE_POSITION');
        await reader.close();
      }
    });
  });
});

async function opened(files: FileSystem, options: Partial<JsonLinesSourceOptions>, position?: Position) {
  return new JsonLinesSource<unknown>({ path, ...options }).open(position, connectorServices(files));
}

async function allOf(content: string | Uint8Array, options: Partial<JsonLinesSourceOptions> = {}) {
  const disk = new SimulatedDisk();
  await writeText(disk, path, content);
  return toEnd(await opened(disk, options));
}

async function toEnd(reader: IngressReader<unknown>): Promise<IngressRecord<unknown>[]> {
  const records: IngressRecord<unknown>[] = [];
  for (;;) {
    const batch = await reader.read(100);
    if (batch === undefined) break;
    records.push(...batch);
  }
  await reader.close();
  return records;
}

/** Each value as JSON, each malformed line with where it is. */
function textOf(records: readonly IngressRecord<unknown>[]): string[] {
  return records.map((record) =>
    'malformed' in record ? `${record.malformed.where}: ${record.malformed.raw}` : JSON.stringify(record.value),
  );
}

/** The same files, read a few bytes at a time, as a growing file may be. */
function inPieces(disk: SimulatedDisk, length: number): FileSystem {
  const open: FileSystem['open'] = async (name, mode) => {
    const handle = await disk.open(name, mode);
    const size = await handle.size();
    return Object.assign(Object.create(handle) as typeof handle, {
      size: async () => size,
      close: () => handle.close(),
      // The head of the file is read whole: it only identifies the file.
      read: (at: number, max: number) => handle.read(at, max === 256 ? max : length),
    });
  };
  return Object.assign(Object.create(disk) as SimulatedDisk, { open, watch: disk.watch.bind(disk) });
}

function linesOf(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

function codeOf(failing: () => Promise<unknown>): Promise<unknown> {
  return failing().then(
    () => 'no error',
    (error) => error.code,
  );
}
