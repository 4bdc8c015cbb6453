import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { JsonLinesSink } from '../../src/io/json-lines-sink.js';
import type { Position } from '../../src/ports/position.js';
import { egressSinkConformance } from '../../src/testing/egress-sink-conformance.js';
import { SimulatedDisk } from '../../src/testing/simulated-disk.js';
import { connectorServices } from './connector-services.js';
import { contentsOf, writeText } from './text-file.js';

egressSinkConformance('JsonLinesSink on the host', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'json-lines-'));
  const path = join(directory, 'out.jsonl');
  return {
    services: connectorServices(),
    sink: () => new JsonLinesSink({ path }),
    shown: async () => parsed(await readFile(path, 'utf8')),
    cleanup: () => rm(directory, { recursive: true }),
  };
});

egressSinkConformance('JsonLinesSink on a simulated disk that loses power', async () => {
  const disk = new SimulatedDisk({ seed: 11 });
  return {
    services: connectorServices(disk),
    sink: () => new JsonLinesSink({ path: 'out.jsonl' }),
    crash: () => disk.crash(),
    shown: async () => parsed(await contentsOf(disk, 'out.jsonl')),
  };
});

describe('JsonLinesSink', () => {
  it('appends to a file that it finds, behind the end of a torn last line', async () => {
    const disk = new SimulatedDisk();
    await writeText(disk, 'out.jsonl', '{"old":1}\n{"torn');
    const { sink, position } = await started(disk);
    expect(position).to.deep.equal({ length: 17 });
    await sink.publish(recordsOf(1));
    expect(await contentsOf(disk, 'out.jsonl')).to.equal('{"old":1}\n{"torn\n1\n');
  });

  it('cuts off what was written without being known', async () => {
    const disk = new SimulatedDisk();
    await writeText(disk, 'out.jsonl', '1\n2\n3\n{"to');
    const { sink } = await started(disk, { length: 4 });
    await sink.publish(recordsOf(9));
    expect(await contentsOf(disk, 'out.jsonl')).to.equal('1\n2\n9\n');
  });

  it('refuses a file that is not the one it wrote', async () => {
    const disk = new SimulatedDisk();
    await writeText(disk, 'out.jsonl', '1\n22\n');
    for (const length of [6, 3]) {
      expect(await codeOf(started(disk, { length }))).to.equal('SF_SINK_POSITION');
    }
    expect(await contentsOf(disk, 'out.jsonl')).to.equal('1\n22\n');
  });

  it('names the folder that is missing', async () => {
    const sink = new JsonLinesSink({ path: 'absent/out.jsonl' });
    const error: unknown = await sink.open(undefined, connectorServices(new SimulatedDisk())).catch((thrown) => thrown);
    expect(error).to.have.property('code', 'SF_SINK');
    expect(error).to.have.property('message').that.includes('Make the folder absent');
  });

  it('says that the disk is full, and writes the same batch once there is space', async () => {
    const disk = new SimulatedDisk();
    const { sink } = await started(disk);
    await sink.publish(recordsOf(1));
    disk.capacity = 5;
    expect(await codeOf(sink.publish(recordsOf('long text')))).to.equal('SF_STORAGE_FULL');
    disk.capacity = 100;
    expect(await sink.publish(recordsOf(2))).to.deep.equal({ length: 4 });
    expect(await contentsOf(disk, 'out.jsonl')).to.equal('1\n2\n');
  });

  it('leaves nothing of a write that failed half-way', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const disk = new SimulatedDisk({ seed });
      const { sink } = await started(disk);
      disk.failNext('write', 'EIO');
      expect(await codeOf(sink.publish(recordsOf('a text that is longer than the next')))).to.equal('SF_SINK');
      await sink.publish(recordsOf(2));
      expect(await contentsOf(disk, 'out.jsonl')).to.equal('2\n');
    }
  });

  it('publishes no more after a failed sync, until it is opened again', async () => {
    const disk = new SimulatedDisk();
    const { sink, position } = await started(disk);
    disk.failNext('sync', 'EIO');
    expect(await codeOf(sink.publish(recordsOf(1)))).to.equal('SF_SINK');
    expect(await codeOf(sink.publish(recordsOf(1)))).to.equal('SF_SINK');
    await sink.close();
    await sink.open(position, connectorServices(disk));
    await sink.publish(recordsOf(1));
    disk.crash();
    expect(await contentsOf(disk, 'out.jsonl')).to.equal('1\n');
  });

  it('shows each record once, in order, wherever power is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(fc.nat(12), { maxLength: 5 }), async (seed, cuts) => {
        const disk = new SimulatedDisk({ seed });
        const batches = [[1, 22], [], [333], [4444, 5, 6]];
        const progress: { position: Position; known: number } = { position: undefined, known: 0 };
        const run = async () => {
          const sink = new JsonLinesSink<number>({ path: 'out.jsonl' });
          progress.position = await sink.open(progress.position, connectorServices(disk));
          for (const batch of batches.slice(progress.known)) {
            progress.position = await sink.publish(recordsOf(...batch));
            progress.known += 1;
          }
          await sink.close();
        };
        for (const cut of cuts) {
          disk.crashAfter(cut);
          await run().catch(() => undefined);
          disk.crash();
        }
        await run();
        expect(await contentsOf(disk, 'out.jsonl')).to.equal('1\n22\n333\n4444\n5\n6\n');
      }),
      { numRuns: 500 },
    );
  });
});

async function started(disk: SimulatedDisk, known?: Position) {
  const sink = new JsonLinesSink<unknown>({ path: 'out.jsonl' });
  return { sink, position: await sink.open(known, connectorServices(disk)) };
}

function recordsOf<T>(...values: T[]) {
  return values.map((value, at) => ({ id: `${at}`, value, headers: {} }));
}

function parsed(text: string): unknown[] {
  const lines = text.split('\n');
  expect(lines.pop()).to.equal('');
  return lines.map((line) => JSON.parse(line));
}

function codeOf(failing: Promise<unknown>): Promise<unknown> {
  return failing.then(
    () => 'no error',
    (error) => error.code,
  );
}
