import { expect } from 'chai';
import { MemorySink } from '../../src/io/memory-sink.js';
import { egressSinkConformance } from '../../src/testing/egress-sink-conformance.js';
import { connectorServices } from './connector-services.js';

egressSinkConformance('MemorySink', async () => {
  const sink = new MemorySink();
  return { services: connectorServices(), sink: () => sink, shown: async () => sink.values };
});

describe('MemorySink', () => {
  it('tells when it has a number of records', async () => {
    const sink = new MemorySink<string>();
    let told = false;
    const waiting = sink.whenCount(2).then(() => {
      told = true;
    });
    await sink.publish([recordOf('a'), recordOf('a')]);
    expect(told).to.equal(false);
    await sink.publish([recordOf('b')]);
    await waiting;
    await sink.whenCount(1);
    expect(sink.records.map(({ id }) => id)).to.deep.equal(['a', 'b']);
  });
});

function recordOf(id: string) {
  return { id, value: id, headers: {} };
}
