import { randomUUID } from 'node:crypto';
import type { IngressReader, IngressRecord, Position } from '@stateful-functions/core';
import { ingressSourceConformance } from '@stateful-functions/core/testing';
import { startNats } from '@stateful-functions/servers';
import { expect } from 'chai';
import { RetentionPolicy } from 'nats';
import { JetStreamSource, type JetStreamSourceOptions } from '../src/index.js';
import { rejects } from './coded.js';
import { Streams, services } from './streams.js';

const server = await startNats();
if (server !== undefined) {
  const streams = await Streams.on(server);
  const source = (stream: string, options: Partial<JetStreamSourceOptions<unknown>> = {}) =>
    new JetStreamSource<unknown>({ servers: server.url, application: 'rides', stream, ...options });
  const open = (stream: string, options?: Partial<JetStreamSourceOptions<unknown>>, position?: Position) =>
    source(stream, options).open(position, services);
  const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);

  describe('JetStreamSource', () => {
    after(async () => {
      await streams.nats.close();
      await server[Symbol.asyncDispose]();
    });

    for (const retention of Object.values(RetentionPolicy)) {
      ingressSourceConformance(
        `JetStreamSource of a ${retention} stream`,
        async (values) => {
          const name = randomUUID();
          await streams.make(name, { retention });
          const made = source(name, { durable: 'rides' });
          if (retention === RetentionPolicy.Interest) await (await made.open(undefined, services)).close();
          await streams.publish(`${name}.x`, values);
          return { source: made, services, append: (more) => streams.publish(`${name}.x`, more) };
        },
        { neverEnds: true },
      );

      it(`reads a ${retention} stream on while its server is killed and restarted, losing and doubling nothing`, async () => {
        const name = randomUUID();
        await streams.make(name, { retention });
        const reader = await open(name, { durable: 'rides' });
        const read: IngressRecord<unknown>[] = [];
        for (let round = 0; round < 3; round++) {
          await streams.publish(`${name}.x`, numbers(5_000, round * 5_000));
          read.push(...(await readCount(reader, 2_000)));
          await reader.acknowledge?.(read.at(-1000)?.position);
          if (round === 1) await server.kill();
          await server.restart();
          await streams.connected();
          read.push(...(await readCount(reader, 3_000)));
        }
        expect(valuesOf(read)).to.deep.equal(numbers(15_000));
        await reader.acknowledge?.(read.at(-1)?.position);
        await reader.close();
        const { state } = await streams.manager.streams.info(name);
        if (retention === RetentionPolicy.Limits) expect(state.messages).to.equal(15_000);
        await streams.publish(`${name}.x`, ['next']);
        const next = await open(name, { durable: 'rides' }, read.at(-1)?.position);
        expect(valuesOf(await readCount(next, 1))).to.deep.equal(['next']);
        await next.close();
      });
    }

    it('begins where it is told to', async () => {
      const name = randomUUID();
      await streams.make(name);
      await streams.publish(`${name}.x`, [1, 2, 3]);
      const { time } = await streams.manager.streams.getMessage(name, { seq: 2 });
      const latest = await open(name, { start: 'latest' });
      const sequence = await open(name, { start: { sequence: 3 } });
      const since = await open(name, { start: { time } });
      await streams.publish(`${name}.x`, [4]);
      expect(valuesOf(await readCount(latest, 1))).to.deep.equal([4]);
      expect(valuesOf(await readCount(sequence, 2))).to.deep.equal([3, 4]);
      const [first] = await readCount(since, 1);
      const from = valuesOf(first === undefined ? [] : [first])[0] as number;
      expect(from).to.be.lessThan(3); // The time is that of the second, in whole milliseconds.
      expect(valuesOf(await readCount(since, 4 - from))).to.deep.equal(numbers(4 - from, from + 1));
      await Promise.all([latest.close(), sequence.close(), since.close()]);
    });

    it('reads partitions by their subjects', async () => {
      const name = randomUUID();
      await streams.make(name);
      for (const n of numbers(100)) await streams.publish(`${name}.${n % 2}`, [n]);
      const [even, odd] = [await open(name, { filter: `${name}.0` }), await open(name, { filter: `${name}.1` })];
      const first = await readCount(even, 20);
      expect(valuesOf(first)).to.deep.equal(numbers(20).map((n) => 2 * n));
      expect(valuesOf(await readCount(odd, 50))).to.deep.equal(numbers(50).map((n) => 2 * n + 1));
      const again = await open(name, { filter: `${name}.0` }, first.at(-1)?.position);
      expect(valuesOf(await readCount(again, 30))).to.deep.equal(numbers(30, 20).map((n) => 2 * n));
      await Promise.all([even.close(), odd.close(), again.close()]);
    });

    it('decodes, and tells where a message is malformed', async () => {
      const name = randomUUID();
      await streams.make(name);
      const { nats } = streams;
      nats.publish(`${name}.x`, '{');
      nats.publish(`${name}.x`, Uint8Array.of(0xff));
      nats.publish(`${name}.x`, '');
      await streams.publish(`${name}.x`, ['good']);
      const json = await open(name);
      const text = await open(name, { decode: 'text' });
      const binary = await open(name, { decode: 'binary' });
      const own = await open(name, { decode: ({ subject, sequence }) => `${subject} ${sequence}`.slice(name.length) });
      const [first, ...others] = await readCount(json, 4);
      expect(first)
        .to.have.property('malformed')
        .that.include({ where: `stream ${name}, message 1`, raw: '{' });
      expect(others.map((record) => 'malformed' in record)).to.deep.equal([true, true, false]);
      expect((await readCount(text, 4)).map((record) => ('value' in record ? record.value : undefined))).to.deep.equal([
        '{',
        undefined,
        '',
        '"good"',
      ]);
      const [, bytes] = valuesOf(await readCount(binary, 4));
      expect(bytes).to.deep.equal(Uint8Array.of(0xff));
      expect(valuesOf(await readCount(own, 2))).to.deep.equal(['.x 1', '.x 2']);
      await Promise.all([json.close(), text.close(), binary.close(), own.close()]);
    });

    it('refuses a stream that is not the one it read', async () => {
      const name = randomUUID();
      await streams.make(name);
      await streams.publish(`${name}.x`, numbers(10));
      const reader = await open(name);
      const positions = (await readCount(reader, 10)).map(({ position }) => position);
      await reader.close();
      await streams.manager.streams.purge(name, { seq: 6 });
      const goesOn = await open(name, {}, positions[4]);
      expect(valuesOf(await readCount(goesOn, 5))).to.deep.equal(numbers(5, 5));
      await goesOn.close();
      await rejects(open(name, {}, positions[3]), 'SF_SOURCE_POSITION');
      const skips = await open(name, { missing: 'skip' }, positions[3]);
      expect(valuesOf(await readCount(skips, 5))).to.deep.equal(numbers(5, 5));
      await skips.close();
      const other = { ...(positions[8] as object), time: '1' };
      await rejects(open(name, {}, other), 'SF_SOURCE_POSITION');
      await streams.manager.streams.delete(name);
      await rejects(open(name, {}, positions[9]), 'SF_SOURCE');
      await streams.make(name);
      await streams.publish(`${name}.x`, numbers(20));
      await rejects(open(name, {}, positions[9]), 'SF_SOURCE_POSITION');
    });

    it('keeps what is not acknowledged, gives it to its successor at once, and ends the predecessor', async () => {
      for (const retention of [RetentionPolicy.Interest, RetentionPolicy.Workqueue]) {
        const name = randomUUID();
        await streams.make(name, { retention });
        const first = await open(name, { durable: 'rides' });
        await streams.publish(`${name}.x`, numbers(10));
        const read = await readCount(first, 8);
        await first.acknowledge?.(read[4]?.position);
        const second = await open(name, { durable: 'rides' }, read[4]?.position);
        expect(valuesOf(await readCount(second, 5)), retention).to.deep.equal(numbers(5, 5));
        await readCount(first, 2);
        await rejects(readCount(first, 1), 'SF_SOURCE');
        expect((await streams.manager.consumers.list(name).next()).length).to.equal(1);
        await Promise.all([first.close(), second.close()]);
      }
    });

    it('makes another consumer when its own was removed, and ends when the stream was', async () => {
      const name = randomUUID();
      await streams.make(name);
      const reader = await open(name);
      await streams.publish(`${name}.x`, [1]);
      const read = await readCount(reader, 1);
      const [consumer] = await streams.manager.consumers.list(name).next();
      await streams.manager.consumers.delete(name, consumer?.name ?? '');
      await streams.publish(`${name}.x`, [2, 3]);
      read.push(...(await readCount(reader, 2)));
      expect(valuesOf(read)).to.deep.equal([1, 2, 3]);
      await streams.manager.streams.delete(name);
      await rejects(readCount(reader, 1), 'SF_SOURCE');
      await reader.close();
    });

    it('holds no more than it was asked for, and something', async () => {
      const name = randomUUID();
      await streams.make(name);
      const value = 'x'.repeat(500);
      for (let n = 0; n < 20; n++) await streams.publish(`${name}.x`, new Array(1_000).fill(value));
      const reader = await open(name);
      await readCount(reader, 1);
      const { num_pending } = await settledPending(name);
      expect(num_pending).to.be.greaterThan(10_000);
      expect((await readCount(reader, 19_999)).length).to.equal(19_999);
      await reader.close();
    });

    it('refuses what cannot work', async () => {
      const name = randomUUID();
      await rejects(open(name), 'SF_SOURCE');
      await streams.make(name, { retention: RetentionPolicy.Workqueue });
      await rejects(open(name), 'SF_INVALID_OPTION');
      await rejects(open(name, { durable: 'rides', start: 'latest' }), 'SF_INVALID_OPTION');
      for (const hostile of ['a.b.>', '*', 'a b', 'a\r\nPUB x 1', '..', '']) {
        expect(() => source(hostile)).to.throw('SF_INVALID_OPTION');
        expect(() => source('s', { durable: hostile })).to.throw('SF_INVALID_OPTION');
        expect(() => source('s', { application: hostile })).to.throw('SF_INVALID_OPTION');
      }
      for (const filter of ['', 'a b', 'a..b', '.', 'a.', '>.a', 'a\r\nPUB x 1']) {
        expect(() => source('s', { filter }), filter).to.throw('SF_INVALID_OPTION');
      }
      for (const start of [{ sequence: 0 }, { sequence: 1.5 }, { time: new Date(Number.NaN) }]) {
        expect(() => source('s', { start })).to.throw('SF_INVALID_OPTION');
      }
    });
  });

  /** What a consumer has left once it stops delivering. */
  async function settledPending(stream: string) {
    for (let last = -1; ; ) {
      const [consumer] = await streams.manager.consumers.list(stream).next();
      if (consumer !== undefined && consumer.num_pending === last) return consumer;
      last = consumer?.num_pending ?? -1;
    }
  }
}

async function readCount(reader: IngressReader<unknown>, count: number): Promise<IngressRecord<unknown>[]> {
  const records: IngressRecord<unknown>[] = [];
  while (records.length < count) records.push(...((await reader.read(count - records.length)) ?? []));
  return records;
}

function valuesOf(records: readonly IngressRecord<unknown>[]): unknown[] {
  return records.map((record) => ('value' in record ? record.value : record.malformed));
}
