import { randomUUID } from 'node:crypto';
import type { EgressRecord, Position } from '@stateful-functions/core';
import { egressSinkConformance } from '@stateful-functions/core/testing';
import { startNats } from '@stateful-functions/servers';
import { expect } from 'chai';
import { JetStreamSink, type JetStreamSinkOptions, subjectToken } from '../src/index.js';
import { rejects } from './coded.js';
import { Streams, services } from './streams.js';

const server = await startNats();
if (server !== undefined) {
  const streams = await Streams.on(server);
  const sinkOf = (stream: string, options: Partial<JetStreamSinkOptions<unknown>> = {}) =>
    new JetStreamSink<unknown>({
      servers: server.url,
      application: 'rides',
      stream,
      subject: `${stream}.x`,
      ...options,
    });
  const start = async (stream: string, options?: Partial<JetStreamSinkOptions<unknown>>, position?: Position) => {
    const sink = sinkOf(stream, options);
    return { sink, position: await sink.open(position, services) };
  };
  const shown = async (stream: string) => (await streams.messages(stream)).map((message) => message.json<unknown>());
  /** Nothing is dropped by the server that came more than 100 ms ago: the shortest window it takes. */
  const shortWindow = { duplicate_window: 100_000_000 };

  describe('JetStreamSink', () => {
    after(async () => {
      await streams.nats.close();
      await server[Symbol.asyncDispose]();
    });

    for (const exclusive of [false, true]) {
      egressSinkConformance(`JetStreamSink${exclusive ? ', the only writer,' : ''}`, async () => {
        const name = randomUUID();
        await streams.make(name);
        return { services, sink: () => sinkOf(name, { exclusive }), shown: () => shown(name) };
      });

      it(`publishes each record once, in order, though the server is killed meanwhile${exclusive ? ', exclusively' : ''}`, async () => {
        const name = randomUUID();
        await streams.make(name, shortWindow);
        let { sink, position } = await start(name, { exclusive });
        const records = recordsFrom(0, 3_000);
        for (let at = 0; at < 3_000; at += 1_000) {
          const publishing = sink.publish(records.slice(at, at + 1_000));
          const { state } = await streams.manager.streams.info(name);
          expect(state.messages).to.be.at.most(at + 1_000);
          await server.restart();
          position = await publishing;
          await streams.connected();
        }
        expect(await shown(name)).to.deep.equal(records.map(({ value }) => value));
        await sink.close();
        ({ sink } = await start(name, { exclusive }, position));
        await sink.publish(recordsFrom(3_000, 1));
        expect((await shown(name)).length).to.equal(3_001);
        await sink.close();
      });

      it(`finds what was published beyond the duplicate window${exclusive ? ', exclusively' : ''}`, async () => {
        const name = randomUUID();
        await streams.make(name, shortWindow);
        const first = await start(name, { exclusive });
        await first.sink.publish(recordsFrom(0, 3_000));
        await forgotten(name);
        const second = await start(name, { exclusive }, first.position);
        let position = await second.sink.publish(recordsFrom(0, 1_000));
        await forgotten(name);
        // Its position is that of the last one known, not the end of the stream.
        const third = await start(name, { exclusive }, position);
        position = await third.sink.publish(recordsFrom(1_000, 2_500));
        expect(await shown(name)).to.deep.equal(recordsFrom(0, 3_500).map(({ value }) => value));
        await Promise.all([first.sink.close(), second.sink.close(), third.sink.close()]);
      });
    }

    it('drops what a predecessor had under way', async () => {
      const name = randomUUID();
      await streams.make(name);
      const predecessor = await start(name);
      const successor = await start(name, {}, predecessor.position);
      await Promise.all([
        predecessor.sink.publish(recordsFrom(0, 2_000)),
        successor.sink.publish(recordsFrom(0, 2_000)),
      ]);
      expect(await shown(name)).to.deep.equal(recordsFrom(0, 2_000).map(({ value }) => value));
      await Promise.all([predecessor.sink.close(), successor.sink.close()]);
    });

    it('refuses another writer of a stream that is its own', async () => {
      const name = randomUUID();
      await streams.make(name);
      const { sink } = await start(name, { exclusive: true });
      await sink.publish(recordsFrom(0, 2));
      await streams.publish(`${name}.x`, ['of another']);
      await rejects(sink.publish(recordsFrom(2, 2)), 'SF_SINK');
      expect((await shown(name)).length).to.equal(3);
      await sink.close();
    });

    it('puts ids and headers where they can do no harm', async () => {
      const name = randomUUID();
      await streams.make(name);
      const hostile = ['a.b.>', '*', ' ', '😀', '__proto__', '..', 'a\r\nPUB x 1', 'x'.repeat(100)];
      const { sink } = await start(name, { subject: ({ value }) => `${name}.${subjectToken(String(value))}` });
      const headers = { traceparent: '00-1', 'a b': 'c\r\nNats-Msg-Id: z', ä: 'ö' };
      await sink.publish(hostile.map((value, n) => ({ id: `${n}`, value, headers })));
      const messages = await streams.messages(name);
      expect(messages.map((message) => message.json())).to.deep.equal(hostile);
      expect(new Set(messages.map(({ subject }) => subject)).size).to.equal(hostile.length);
      expect(messages[3]?.header.get('traceparent')).to.equal('00-1');
      expect(messages[3]?.header.get('Nats-Msg-Id')).to.equal('3');
      await sink.close();
      const raw = await start(name, { subject: ({ value }) => `${name}.${value}` });
      await rejects(raw.sink.publish([{ id: 'x', value: 'a b', headers: {} }]), 'SF_SINK');
      await raw.sink.close();
    });

    it('fails when the server does not take a record, at once or after its patience', async () => {
      const name = randomUUID();
      await streams.make(name, { max_msgs: 2, discard: 'new' as never });
      const { sink } = await start(name, { patienceMs: 300 });
      await rejects(sink.publish([{ id: 'large', value: 'x'.repeat(2_000_000), headers: {} }]), 'SF_SINK');
      await rejects(sink.publish(recordsFrom(0, 3)), 'SF_SINK');
      await streams.manager.streams.update(name, { max_msgs: 10 });
      await sink.publish(recordsFrom(0, 3));
      expect(await shown(name)).to.deep.equal(recordsFrom(0, 3).map(({ value }) => value));
      await sink.close();
    });

    it('refuses a stream that is not the one it wrote, or is not there', async () => {
      const name = randomUUID();
      await rejects(start(name), 'SF_SINK');
      await streams.make(name);
      const { sink } = await start(name);
      const position = await sink.publish(recordsFrom(0, 3));
      await sink.close();
      await streams.manager.streams.delete(name);
      await streams.make(name);
      await rejects(start(name, {}, position), 'SF_SINK_POSITION');
      for (const subject of ['', 'a b', 'a.*', 'a.>', 'a..b', 'a\r\nPUB x 1']) {
        expect(() => sinkOf(name, { subject })).to.throw('SF_INVALID_OPTION');
      }
    });
  });

  /** Resolves when the server takes an id again that it had seen: by then it has forgotten all before. */
  async function forgotten(stream: string): Promise<void> {
    const probe = randomUUID();
    await streams.make(probe, shortWindow);
    const publish = () => streams.nats.jetstream().publish(`${probe}.x`, '', { msgID: 'probe' });
    await publish();
    while ((await publish()).duplicate);
    expect((await streams.manager.streams.info(stream)).config.duplicate_window).to.equal(100_000_000);
  }
}

function recordsFrom(first: number, count: number): EgressRecord<unknown>[] {
  return Array.from({ length: count }, (_, n) => ({ id: `log-${first + n}`, value: { n: first + n }, headers: {} }));
}
