import { expect } from 'chai';
import { CallbackSink } from '../../src/io/callback-sink.js';
import { egressSinkConformance } from '../../src/testing/egress-sink-conformance.js';
import { connectorServices } from './connector-services.js';

egressSinkConformance(
  'CallbackSink',
  async () => {
    const shown: unknown[] = [];
    const sink = () =>
      new CallbackSink(async (value) => {
        shown.push(value);
      });
    return { services: connectorServices(), sink, shown: async () => shown };
  },
  { atLeastOnce: true },
);

describe('CallbackSink', () => {
  it('hands over one record at a time, and none twice when a batch is retried', async () => {
    const calls: string[] = [];
    let fails = true;
    const sink = new CallbackSink<string>(async (value, { id }) => {
      calls.push(`begin ${id}`);
      await Promise.resolve();
      if (value === 'b' && fails) throw new Error('not now');
      calls.push(`end ${id}`);
    });
    await sink.open(undefined);
    const batch = ['a', 'b', 'c'].map((value) => ({ id: value, value, headers: {} }));
    expect(await sink.publish(batch).catch((error) => error.message)).to.equal('not now');
    fails = false;
    expect(await sink.publish(batch)).to.equal(3);
    expect(calls.join(', ')).to.equal('begin a, end a, begin b, begin b, end b, begin c, end c');
  });
});
